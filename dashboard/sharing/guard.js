// Where the browser found the page, and a lock: a locked page is read, scrolled and walked through
// with the keyboard, but not operated. Help, dialogs, links and what has the class free stay free.

const FREE = ".free, header, .header, dialog, .MuiDialog-root, a, summary"
const CONTROL = "input, select, textarea, button, canvas, [role=slider], [role=combobox], " +
  "[role=option], [role=button], [role=tab], [role=checkbox], [role=radio], [role=switch]"
const HANDS = ["pointerdown", "mousedown", "touchstart", "click", "dblclick", "keydown", "input", "change"]
const WALK = ["Tab", "Escape", "PageUp", "PageDown"]

export function render({model, el}) {
  const stop = (event) => {
    if (!model.locked) { return }
    const path = event.composedPath().filter((one) => one instanceof Element)
    if (path.some((one) => one.matches(FREE))) { return }
    const control = path.some((one) => one.matches(CONTROL))
    if (event.type === "keydown" && (!control || WALK.includes(event.key))) { return }
    event.stopImmediatePropagation()
    // A finger that scrolls starts like one that presses, so only controls lose what they would do.
    if (control && event.cancelable) { event.preventDefault() }
  }
  for (const hand of HANDS) { window.addEventListener(hand, stop, {capture: true, passive: false}) }
  // What cannot be operated looks so (theme.py).
  const show = () => document.documentElement.classList.toggle("locked", model.locked)
  model.on("locked", show)
  show()
  model.on("remove", () => {
    for (const hand of HANDS) { window.removeEventListener(hand, stop, {capture: true}) }
  })
  model.send_msg(window.location.origin + window.location.pathname)
}
