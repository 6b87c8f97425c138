// The navigation bar: one button for each view; the open one is marked visually and for screen
// readers.

export function render({model, el}) {
  const bar = document.createElement("nav")
  bar.setAttribute("aria-label", "Views")
  const arrows = [["left", "‹"], ["right", "›"]].map(([side, sign]) => {
    const arrow = document.createElement("span")
    arrow.className = `more ${side}`
    arrow.textContent = sign
    arrow.setAttribute("aria-hidden", "true")
    arrow.hidden = true
    return arrow
  })
  const cue = () => {
    const left = bar.scrollLeft > 4, right = bar.scrollLeft + bar.clientWidth < bar.scrollWidth - 4
    bar.dataset.more = [left && "left", right && "right"].filter(Boolean).join(" ")
    arrows[0].hidden = !left
    arrows[1].hidden = !right
  }
  bar.addEventListener("scroll", cue, {passive: true})
  const sized = new ResizeObserver(cue)
  sized.observe(bar)
  model.on("remove", () => sized.disconnect())
  // The buttons are kept when another view is opened: a new one would lose the focus of the old
  // one.
  const mark = () => {
    for (const button of bar.children) {
      button.classList.remove("asked")
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
      button.addEventListener("click", () => {
        // A view that is built for the first time appears a moment later.
        button.classList.toggle("asked", name !== model.current)
        model.send_msg(name)
      })
      return button
    }))
    mark()
  }
  model.on("entries", draw)
  model.on("current", mark)
  draw()
  el.append(bar, ...arrows)
}
