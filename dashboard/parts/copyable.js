// Text to copy: it can be read, selected and copied (copying.js) with one click.

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
    told.textContent = await copy(box) ? "Copied." : "Your browser does not allow it; press Ctrl+C."
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
