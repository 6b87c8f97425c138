// What only the browser can do: keys, the address bar, full screen, and a picture of the plots.

const KEYS = {
  " ": "toggle", ArrowLeft: "back", ArrowRight: "forward", Home: "first", End: "last",
  r: "restart", R: "restart", "?": "help",
}
const OWN_KEYS = "input, textarea, select, [contenteditable], [role=slider], [role=combobox], " +
  "[role=listbox], [role=option], [role=dialog]"

function plots() {
  const found = []
  for (const view of Bokeh.index.all_views()) {
    if (view.model.type === "Figure" && view.el.isConnected) {
      const box = view.el.getBoundingClientRect()
      if (box.width > 0 && box.height > 0) { found.push({view, box}) }
    }
  }
  return found
}

function save(title) {
  const found = plots()
  if (found.length === 0) { return }
  const left = Math.min(...found.map(({box}) => box.left))
  const top = Math.min(...found.map(({box}) => box.top))
  const right = Math.max(...found.map(({box}) => box.right))
  const bottom = Math.max(...found.map(({box}) => box.bottom))
  const scale = Math.max(2, window.devicePixelRatio), pad = 16, head = 30
  const sheet = document.createElement("canvas")
  sheet.width = (right - left + 2 * pad) * scale
  sheet.height = (bottom - top + 2 * pad + head) * scale
  const ink = sheet.getContext("2d")
  ink.scale(scale, scale)
  const style = getComputedStyle(document.body)
  ink.fillStyle = style.backgroundColor
  ink.fillRect(0, 0, sheet.width, sheet.height)
  ink.fillStyle = style.color
  ink.font = "15px Roboto, sans-serif"
  ink.fillText(title, pad, pad + 12)
  for (const {view, box} of found) {
    const canvas = view.export("auto", true).canvas
    ink.drawImage(canvas, box.left - left + pad, box.top - top + pad + head, box.width, box.height)
  }
  const link = document.createElement("a")
  link.download = "hoam.png"
  link.href = sheet.toDataURL("image/png")
  link.click()
}

function full_screen() {
  if (document.fullscreenElement) {
    document.exitFullscreen()
  } else {
    document.documentElement.requestFullscreen()
  }
}

// An open sidebar would cover a phone's screen, and the server does not know how wide the screen is.
function fit_sidebar() {
  const page = Bokeh.documents.flatMap((doc) => doc.roots()).find((root) => root.class_name === "Page")
  if (page && window.innerWidth < 1100) { page.data.sidebar_open = false }
}

export function render({model, el}) {
  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) { return }
    const target = event.composedPath()[0]
    const inside = target instanceof Element && target.closest(OWN_KEYS)
    const on_button = target instanceof Element && target.closest("button, a, [role=button]")
    if (inside || (on_button && event.key === " ")) { return }
    if (event.key === "s" || event.key === "S") {
      save(model.title)
    } else if (event.key === "f" || event.key === "F") {
      full_screen()
    } else if (event.key in KEYS) {
      model.send_msg({action: KEYS[event.key]})
    } else {
      return
    }
    event.preventDefault()
  }
  const seen = () => model.send_msg({hidden: document.hidden})
  window.addEventListener("keydown", pressed)
  document.addEventListener("visibilitychange", seen)
  // The history would fill with every position of a slider, so the address is replaced.
  const address = () => {
    if (model.search) { window.history.replaceState(window.history.state, "", model.search) }
  }
  model.on("search", address)
  model.on("msg:custom", (event) => {
    const asked = event.data ?? event
    if (asked === "save") { save(model.title) }
    if (asked === "full-screen") { full_screen() }
    if (asked === "copy") { navigator.clipboard?.writeText(window.location.href) }
  })
  model.on("remove", () => {
    window.removeEventListener("keydown", pressed)
    document.removeEventListener("visibilitychange", seen)
  })
  fit_sidebar()
  address()
  const ready = () => {
    if (Bokeh.documents.every((doc) => doc.is_idle)) {
      model.send_msg({ready: true})
    } else {
      setTimeout(ready, 50)
    }
  }
  ready()
}
