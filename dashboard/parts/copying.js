// How a text box is copied. It stands before the scripts of those who copy: Panel's cannot import it.

// Whether it was copied. Only a page of a safe origin may write the clipboard; one in a class's
// network asks the old way. That copies what is selected, which a dialog that holds the focus
// prevents: so the text is put there, too.
async function copy(box) {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(box.value)
      return true
    } catch { /* not allowed */ }
  }
  const put = (event) => {
    event.clipboardData.setData("text/plain", box.value)
    event.preventDefault()
  }
  document.addEventListener("copy", put, true)
  box.focus()
  box.select()
  const copied = document.execCommand("copy")
  document.removeEventListener("copy", put, true)
  return copied
}

