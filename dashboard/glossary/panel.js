// The glossary: a dialog that lists all terms, narrowed by a search field, at the term that was pressed.

function made(tag, options = {}, ...children) {
  const node = Object.assign(document.createElement(tag), options)
  node.append(...children)
  return node
}

export function render({model, el}) {
  const search = made("input", {type: "search", placeholder: "Search"})
  search.setAttribute("aria-label", "Search the glossary")
  const close = made("button", {type: "button", textContent: "Close"})
  const list = made("dl")
  const pane = made("div", {className: "pane", tabIndex: 0}, list)
  pane.setAttribute("role", "region")
  pane.setAttribute("aria-label", "Terms")
  const title = made("div", {className: "title", textContent: "Glossary"})
  title.setAttribute("role", "heading")
  title.setAttribute("aria-level", "2")
  const dialog = made("dialog", {}, made("div", {className: "head"}, title, search, close), pane)
  dialog.setAttribute("aria-label", "Glossary")
  const entries = new Map()
  // Filled when it is first opened: most visits never need it, and the page should not contain
  // every term twice.
  const fill = () => {
    for (const [name, title, html] of entries.size ? [] : model.terms) {
      const entry = made("div", {className: "entry"},
        made("dt", {textContent: title}), made("dd", {innerHTML: html}))
      entries.set(name, entry)
      list.append(entry)
    }
  }
  const narrow = () => {
    const wanted = search.value.trim().toLowerCase()
    for (const entry of entries.values()) {
      entry.hidden = !entry.textContent.toLowerCase().includes(wanted)
    }
  }
  const open = (name) => {
    fill()
    search.value = ""
    narrow()
    for (const [one, entry] of entries) { entry.classList.toggle("here", one === name) }
    if (!dialog.open) { dialog.showModal() }
    draw_formulas(list)
    const entry = entries.get(name)
    if (entry) {
      entry.scrollIntoView({block: "center"})
    } else {
      pane.scrollTop = 0
      search.focus()
    }
  }
  search.addEventListener("input", narrow)
  close.addEventListener("click", () => dialog.close())
  // A click outside the dialog closes it, as Escape does.
  dialog.addEventListener("click", (event) => { if (event.composedPath()[0] === dialog) { dialog.close() } })
  // Otherwise the page's keys would act behind the dialog.
  dialog.addEventListener("keydown", (event) => event.stopPropagation())
  const pressed = (event) => {
    const term = event.composedPath().find((node) => node.dataset?.term)
    if (term) {
      event.preventDefault()
      open(term.dataset.term)
    }
  }
  document.addEventListener("click", pressed)
  model.on("asked", () => open(null))
  model.on("remove", () => document.removeEventListener("click", pressed))
  el.appendChild(dialog)
}
