// A card that unfolds: the verdict is always visible, the lines on demand. The age is counted here.

function term(label, value) {
  const name = document.createElement("dt"), text = document.createElement("dd")
  name.textContent = label
  text.textContent = value
  return [name, text]
}

function old(seconds) {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`
}

export function render({model, el}) {
  const fold = document.createElement("details"), head = document.createElement("summary")
  const title = document.createElement("b"), said = document.createElement("span")
  const list = document.createElement("dl")
  title.textContent = "How much can I trust this?"
  head.append(title, said)
  fold.append(head, list)
  el.append(fold)
  let shown = performance.now(), age = null
  const tick = () => {
    if (age) { age.textContent = old(Math.round((performance.now() - shown) / 1000)) }
  }
  const show = () => {
    said.textContent = `${model.sign} ${model.text}`
    const lines = model.lines.map(([label, value]) => term(label, value))
    if (model.version > 0 && lines.length > 0) {
      const line = term("Age of this answer", "")
      age = line[1]
      lines.push(line)
    }
    list.replaceChildren(...lines.flat())
    tick()
  }
  model.on("lines", show)
  model.on("text", show)
  model.on("version", () => { shown = performance.now(); show() })
  const timer = setInterval(tick, 1000)
  model.on("remove", () => clearInterval(timer))
  show()
}
