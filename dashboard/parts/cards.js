// Cards that open a link. A strip can be folded, and also holds the visitor's own cards.

const PICTURES = ["learned", "full", "cells", "fields"]
const WIDTH = 132, HEIGHT = 88

function made(tag, options = {}, ...children) {
  const node = Object.assign(document.createElement(tag), options)
  node.append(...children)
  return node
}

function button(label, pressed, more = {}) {
  const node = made("button", {type: "button", ...more})
  if (label) { node.textContent = label }
  node.addEventListener("click", pressed)
  return node
}

// The first picture on the page, reduced; its middle if it is wide.
function thumbnail() {
  for (const view of Bokeh.index.all_views()) {
    if (view.model.type !== "Figure" || !PICTURES.includes(view.model.name)) { continue }
    if (!view.el.isConnected || view.el.getBoundingClientRect().width === 0) { continue }
    const from = view.export("auto", true).canvas
    const to = Object.assign(document.createElement("canvas"), {width: WIDTH, height: HEIGHT})
    to.getContext("2d").drawImage(from, 0, 0, WIDTH, HEIGHT)
    return to.toDataURL("image/webp", 0.7)
  }
  return ""
}

export function render({model, el}) {
  const root = made("section", {className: model.kind})
  root.setAttribute("aria-label", model.label)
  const list = made("ul")
  const read = (key) => { try { return JSON.parse(localStorage.getItem(key)) } catch { return null } }
  const keep = (key, value) => {
    try { localStorage.setItem(key, JSON.stringify(value)) } catch { /* no room: for this visit */ }
  }
  let own = [], opened = -1
  const open = (at, one) => { opened = at; model.send_msg({link: one.link}) }
  const reread = () => {
    const found = model.store ? read(model.store) : null
    own = Array.isArray(found) ? found.filter((one) => one?.title && one?.link) : []
  }

  const item = (one, at, remove) => {
    const words = made("span", {className: "words"}, made("b", {textContent: one.title}))
    if (one.text) { words.append(made("span", {className: "text", textContent: one.text})) }
    if (one.note) { words.append(made("span", {className: "note", textContent: one.note})) }
    const card = button("", () => open(at, one), {className: "card"})
    card.title = one.text ?? ""
    if (one.image) { card.append(made("img", {src: one.image, alt: one.alt ?? "", loading: "lazy"})) }
    card.append(words)
    const entry = made("li", {}, card)
    if (remove) {
      const label = `Delete the preset ${one.title}`
      const cross = button("×", remove, {className: "delete", title: label})
      cross.setAttribute("aria-label", label)
      entry.append(cross)
    }
    return entry
  }
  const draw = () => {
    reread()
    const mine = own.map((one, i) => item({...one, text: "", note: "your preset", alt: ""}, i, () => {
      reread()
      own.splice(i, 1)
      keep(model.store, own)
      draw()
    }))
    list.replaceChildren(...mine, ...model.cards.map((one, i) => item(one, own.length + i)))
    if (model.problem) { list.append(made("li", {className: "problem", textContent: model.problem})) }
  }

  const save_as = (title) => {
    reread()
    own = own.filter((one) => one.title !== title)
    opened = 0
    own.unshift({title, link: window.location.search, image: thumbnail()})
    keep(model.store, own)
    draw()
    list.scrollLeft = 0
  }
  if (model.kind === "strip") { root.append(side(model, root, save_as, read, keep)) }
  root.append(list)
  model.on("msg:custom", (event) => {
    const {step} = event.data ?? event, all = [...own, ...model.cards]
    const at = opened < 0 && step < 0 ? all.length - 1 : (opened + step + all.length) % all.length
    if (all.length > 0) { open(at, all[at]) }
  })
  model.on("cards", draw)
  model.on("problem", draw)
  draw()
  el.appendChild(root)
}

// The part to the left of a strip: its name, which folds it, and the form for a card of one's own.
function side(model, root, save_as, read, keep) {
  const key = `hoam-folded-${model.label}`
  const fold = button(model.label, () => { keep(key, root.classList.toggle("folded")); show() },
    {className: "fold"})
  const show = () => fold.setAttribute("aria-expanded", String(!root.classList.contains("folded")))
  if (read(key) === true) { root.classList.add("folded") }
  show()
  const column = made("div", {className: "side"}, fold)
  if (!model.store) { return column }
  const name = made("input", {type: "text", maxLength: 60, placeholder: "Name"})
  name.setAttribute("aria-label", "Name of the preset")
  const form = made("form", {hidden: true}, name, made("button", {type: "submit", textContent: "Save"}))
  const start = button("Save as preset", () => { ask(true); name.focus() })
  const ask = (asking) => { form.hidden = !asking; start.hidden = asking }
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    if (!name.value.trim()) { name.focus(); return }
    save_as(name.value.trim())
    name.value = ""
    ask(false)
    start.focus()
  })
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { ask(false); start.focus() }
  })
  column.append(start, form)
  return column
}
