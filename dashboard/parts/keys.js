// Keys of the page: what each does, and which elements have keys of their own.

const KEYS = {
  " ": "toggle", ArrowLeft: "back", ArrowRight: "forward", Home: "first", End: "last",
  r: "restart", s: "save", "?": "help", n: "next", b: "previous", v: "next-view",
}
const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]
const TURNS = {PageUp: 1, PageDown: -1, ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1}
const SLIDER = "input[type=range]"
// Elements that take all keys, because text is typed there, or because they are open above the
// page.
const TYPES = "textarea, [contenteditable], [role=dialog], dialog, [role=listbox], [role=menu], " +
  "input:not([type=range], [type=checkbox], [type=radio], [type=button], [type=submit])"
const MOVED = `${SLIDER}, [type=radio], [role=slider], [role=radio], [role=tab], select, [role=combobox]`
// The space bar presses a control that was reached by the Tab key, and scrolls a region. After a
// click the same elements have the focus, but the keys are for the page. (`:focus-visible` does not
// distinguish: it also holds for an element to which a menu returns the focus.)
const PRESSED = "button, a, summary, select, [type=checkbox], [type=radio], [role=button], " +
  "[role=checkbox], [role=switch], [role=tab], [role=radio]"
const SCROLLED = "[role=region][tabindex]"

function has_keys_of_its_own(event, walked_to) {
  const path = event.composedPath().filter((one) => one instanceof Element)
  const within = (selector) => path.some((one) => one.matches(selector))
  if (within(TYPES)) { return true }
  if (MOVES.includes(event.key)) { return within(MOVED) || (walked_to && within(SCROLLED)) }
  return event.key === " " && walked_to && within(`${PRESSED}, ${SCROLLED}`)
}

// All visible elements that match, including those in shadow roots.
function seen(selector, root = document) {
  return [...root.querySelectorAll("*")].flatMap((one) => [
    ...(one.matches(selector) && one.checkVisibility() ? [one] : []),
    ...(one.shadowRoot ? seen(selector, one.shadowRoot) : []),
  ])
}

function parameter_sliders() {
  return seen(`.MuiSlider-root ${SLIDER}`).filter((one) => !one.disabled)
}

// Move by this many steps, or by tenths of its range. React only notices an input whose value was
// set through the native setter.
const set_value = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set

function turn(slider, by, tenths) {
  const low = Number(slider.min), high = Number(slider.max)
  const step = tenths ? (high - low) / 10 : Number(slider.step) || 1
  set_value.call(slider, Math.min(high, Math.max(low, Number(slider.value) + by * step)))
  slider.dispatchEvent(new Event("input", {bubbles: true, composed: true}))
}

// The library's sliders take ten units for a large step, whatever their range.
function large_steps(event) {
  const slider = event.composedPath()[0]
  if (!(slider instanceof HTMLInputElement) || !slider.matches(SLIDER) || slider.disabled) { return }
  const large = event.key.startsWith("Page") || (event.shiftKey && event.key in TURNS)
  if (!large || event.ctrlKey || event.metaKey || event.altKey) { return }
  event.preventDefault()
  event.stopImmediatePropagation()
  turn(slider, TURNS[event.key], true)
}

function focused() {
  let one = document.activeElement
  while (one?.shadowRoot?.activeElement) { one = one.shadowRoot.activeElement }
  return one
}

// `send` tells the server; `projector()` is whether the page is in projector mode.
function listen_to_keys({send, full_screen, projector, toggle_projector}) {
  let chosen = null  // the slider that a number has chosen last
  const choose = (number) => {
    const slider = parameter_sliders()[number - 1]
    if (slider) { chosen = slider; slider.focus({focusVisible: true}) }
  }
  const escape = () => {
    const one = focused(), holds = one && one !== document.body
    if (holds) { one.blur() }
    if (projector() && !(holds && one.matches(MOVED))) { toggle_projector() }
    return holds || projector()
  }
  // In projector mode nothing scrolls, so these keys move the slider without focus.
  const turn_chosen = (event) => {
    const sliders = parameter_sliders()
    const slider = sliders.includes(chosen) ? chosen : sliders[0]
    if (slider) { turn(slider, TURNS[event.key], event.shiftKey || event.key.startsWith("Page")) }
  }
  const act = (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    if (key === "Escape") { return escape() }
    if (key === "f") { return full_screen(), true }
    if (key === "p") { return toggle_projector(), true }
    if (/^[1-9]$/.test(key)) { return choose(Number(key)), true }
    if (key === "v" && event.shiftKey) { return send("previous-view"), true }
    if (key in KEYS) { return send(KEYS[key]), true }
    if (projector() && key in TURNS) { return turn_chosen(event), true }
    return false
  }
  let clicked = false
  const click = () => { clicked = true }
  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) { return }
    if (event.key === "Tab") { clicked = false }
    if (has_keys_of_its_own(event, !clicked) || !act(event)) { return }
    event.preventDefault()
    event.stopImmediatePropagation()
  }
  // In the capture phase, before the focused element, which a click may have focused, receives
  // them.
  const heard = [["keydown", large_steps], ["keydown", pressed], ["pointerdown", click]]
  for (const [what, hear] of heard) { window.addEventListener(what, hear, {capture: true}) }
  return () => {
    for (const [what, hear] of heard) { window.removeEventListener(what, hear, {capture: true}) }
  }
}
