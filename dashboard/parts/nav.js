// The navigation bar: one button for each view; the open one is marked for eyes and screen readers.

export function render({model, el}) {
  const bar = document.createElement("nav")
  bar.setAttribute("aria-label", "Views")
  // The buttons stay when another view is opened: a new one would not have the focus of the old.
  const mark = () => {
    for (const button of bar.children) {
      if (button.name === model.current) {
        button.setAttribute("aria-current", "page")
      } else {
        button.removeAttribute("aria-current")
      }
    }
    // Once it is laid out; on a phone the open view's button may lie beyond the edge.
    requestAnimationFrame(() => {
      const open = bar.querySelector("[aria-current]")
      if (open) { bar.scrollLeft = open.offsetLeft - (bar.clientWidth - open.offsetWidth) / 2 }
    })
  }
  const draw = () => {
    bar.replaceChildren(...model.entries.map(([name, title, hint]) => {
      const button = document.createElement("button")
      button.type = "button"
      button.name = name
      button.textContent = title
      button.title = hint
      button.addEventListener("click", () => model.send_msg(name))
      return button
    }))
    mark()
  }
  model.on("entries", draw)
  model.on("current", mark)
  draw()
  el.appendChild(bar)
}
