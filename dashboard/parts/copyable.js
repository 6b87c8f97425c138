// Text to take along: it can be read, selected and copied with one press.

// Only a page of a safe origin may write the clipboard; one in a class's network asks the old way.
async function copy(text, box) {
  if (navigator.clipboard && window.isSecureContext) { return navigator.clipboard.writeText(text) }
  box.focus()
  box.select()
  document.execCommand("copy")
}

export function render({model, el}) {
  const frame = document.createElement("div"), box = document.createElement("textarea")
  const button = document.createElement("button"), told = document.createElement("span")
  box.readOnly = true
  box.spellcheck = false
  button.type = "button"
  button.textContent = "Copy"
  told.setAttribute("role", "status")
  frame.append(box, button, told)
  el.append(frame)
  button.addEventListener("click", async () => {
    await copy(model.text, box)
    told.textContent = "Copied."
  })
  const show = () => {
    box.value = model.text
    const lines = model.text.split("\n").map((line) => Math.max(1, Math.ceil(line.length / 72)))
    box.rows = Math.min(lines.reduce((sum, one) => sum + one, 0), 24)
    box.setAttribute("aria-label", model.label)
    button.setAttribute("aria-label", `Copy: ${model.label}`)
    told.textContent = ""
  }
  model.on("text", show)
  model.on("label", show)
  show()
}
