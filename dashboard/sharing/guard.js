// The address of the page, and a lock: a locked page can be read, scrolled and navigated with the
// keyboard, but not operated. Help, dialogs, links and elements of the class `free` stay usable.

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
    // A scroll by finger starts like a press, so only controls are blocked.
    if (control && event.cancelable) { event.preventDefault() }
  }
  for (const hand of HANDS) { window.addEventListener(hand, stop, {capture: true, passive: false}) }
  // Locked controls look disabled (theme.py).
  const show = () => document.documentElement.classList.toggle("locked", model.locked)
  model.on("locked", show)
  show()
  model.on("remove", () => {
    for (const hand of HANDS) { window.removeEventListener(hand, stop, {capture: true}) }
  })
  model.send_msg(window.location.origin + window.location.pathname)
}
