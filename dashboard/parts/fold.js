// A fold: formulas are drawn when it is opened, since most never are.

export function render({model, el}) {
  const summary = document.createElement("summary")
  const body = document.createElement("div")
  const root = document.createElement("details")
  root.append(summary, body)
  const draw = () => {
    summary.textContent = model.summary
    body.innerHTML = model.text
    if (root.open) { draw_formulas(body) }
  }
  root.addEventListener("toggle", () => { if (root.open) { draw_formulas(body) } })
  model.on("text", draw)
  draw()
  el.appendChild(root)
}
