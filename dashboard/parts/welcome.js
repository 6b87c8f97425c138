// The two sentences of a first visit, until they have been read once in this browser.

const KNOWN = "hoam-welcomed"

export function render({model, el}) {
  const made = (tag, options = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), options)
    node.append(...children)
    return node
  }
  const root = made("section")
  root.setAttribute("aria-label", "What this page is")
  const button = (label, kind, more) => {
    const node = made("button", {type: "button", textContent: label, className: kind})
    node.addEventListener("click", () => {
      localStorage.setItem(KNOWN, "1")
      root.hidden = true
      more()
    })
    return node
  }
  root.append(made("div", {className: "words", innerHTML: model.text}),
    made("div", {className: "foot"},
      button("Start with a lesson", "main", () => model.send_msg("lesson")),
      button("Got it", "", () => {})))
  root.hidden = localStorage.getItem(KNOWN) !== null
  el.appendChild(root)
}
