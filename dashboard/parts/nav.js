// The navigation bar: one button for each view; the open one is marked for eyes and screen readers.

export function render({model, el}) {
  const bar = document.createElement("nav")
  bar.setAttribute("aria-label", "Views")
  const draw = () => {
    bar.replaceChildren(...model.entries.map(([name, title, hint]) => {
      const button = document.createElement("button")
      button.type = "button"
      button.textContent = title
      button.title = hint
      if (name === model.current) { button.setAttribute("aria-current", "page") }
      button.addEventListener("click", () => model.send_msg(name))
      return button
    }))
    // Once it is laid out; on a phone the open view's button may lie beyond the edge.
    requestAnimationFrame(() => {
      const open = bar.querySelector("[aria-current]")
      if (open) { bar.scrollLeft = open.offsetLeft - (bar.clientWidth - open.offsetWidth) / 2 }
    })
  }
  model.on("entries", draw)
  model.on("current", draw)
  draw()
  el.appendChild(bar)
}
