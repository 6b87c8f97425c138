// How a text box is copied. It is placed before the scripts that use it, since Panel's scripts
// cannot import it.

// Whether it was copied. Only a page of a secure origin may write to the clipboard; one in a
// class's network uses the old way. That copies the selection, which a dialog that holds the focus
// prevents: so the text is also set directly.
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

