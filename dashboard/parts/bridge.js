// What only the browser can do: full screen, a picture of the plots, and what keys.js and history.js add.

const AWAY_AFTER = 30000

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

// A PNG is a signature and chunks; the description of a picture is in text chunks after the first
// one.
const PNG_HEAD = 33
const TABLE = Uint32Array.from({length: 256}, (_, n) => {
  for (let k = 0; k < 8; k++) { n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1 }
  return n
})

function crc(bytes) {
  let c = 0xffffffff
  for (const byte of bytes) { c = TABLE[(c ^ byte) & 255] ^ (c >>> 8) }
  return (c ^ 0xffffffff) >>> 0
}

function text_chunk(keyword, text) {
  const body = new TextEncoder().encode(`iTXt${keyword}\0\0\0\0\0${text}`)
  const chunk = new Uint8Array(body.length + 8), view = new DataView(chunk.buffer)
  view.setUint32(0, body.length - 4)
  chunk.set(body, 4)
  view.setUint32(body.length + 4, crc(body))
  return chunk
}

function give(parts, name, type) {
  const link = document.createElement("a")
  link.download = name
  link.href = URL.createObjectURL(new Blob(parts, {type}))
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60000)
}

// The positions of plots without the gaps of the page between them: boxes with their own tops.
function closed_up(found, most = 14) {
  let end = -Infinity, lost = 0
  return [...found].sort((a, b) => a.box.top - b.box.top).map(({view, box}) => {
    const gap = box.top - lost - end
    if (Number.isFinite(end) && gap > most) { lost += gap - most }
    const top = box.top - lost
    end = Math.max(end, top + box.height)
    return {view, box: {left: box.left, right: box.right, top, bottom: top + box.height,
      width: box.width, height: box.height}}
  })
}

function save(title, {name, description}, chosen = plots()) {
  if (chosen.length === 0) { return }
  const found = closed_up(chosen)
  const left = Math.min(...found.map(({box}) => box.left))
  const top = Math.min(...found.map(({box}) => box.top))
  const right = Math.max(...found.map(({box}) => box.right))
  const bottom = Math.max(...found.map(({box}) => box.bottom))
  const scale = Math.max(2, window.devicePixelRatio), pad = 16, head = title ? 30 : 0
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
  sheet.toBlob(async (blob) => {
    const bytes = new Uint8Array(await blob.arrayBuffer())
    const told = [text_chunk("Title", title || plot_title(found[0].view)),
      text_chunk("Description", description), text_chunk("Source", window.location.href)]
    give([bytes.slice(0, PNG_HEAD), ...told, bytes.slice(PNG_HEAD)], `${name}.png`, "image/png")
  }, "image/png")
}

function plot_title(view) {
  return view.model.title?.text || view.model.name || "plot"
}

// Which plot? A dialog of the browser has names, focus and Escape of its own.
function choose(asked) {
  const dialog = document.createElement("dialog"), style = getComputedStyle(document.body)
  dialog.setAttribute("aria-label", "Save one plot")
  dialog.style.cssText = `color: ${style.color}; background: ${style.backgroundColor};` +
    "border: 1px solid #8888; border-radius: 10px; padding: 14px; font: 14px Roboto, sans-serif;" +
    "max-width: min(420px, 90vw); max-height: 80vh"
  const add = (label, press) => {
    const button = document.createElement("button")
    button.textContent = label
    button.style.cssText = "display: block; width: 100%; margin: 4px 0; padding: 9px 12px;" +
      "text-align: left; font: inherit; color: inherit; background: none; cursor: pointer;" +
      "border: 1px solid #8888; border-radius: 6px"
    button.addEventListener("click", () => { dialog.close(); press() })
    dialog.append(button)
  }
  for (const one of plots()) {
    const title = plot_title(one.view)
    const part = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "")
    const description = `${title}. ${asked.description}`
    add(title, () => save("", {name: `${asked.name}-${part || "plot"}`, description}, [one]))
  }
  add("Cancel", () => {})
  dialog.addEventListener("close", () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}

function once(act) {
  let done = false
  return () => { if (!done) { done = true; act() } }
}

function full_screen() {
  if (document.fullscreenElement) {
    document.exitFullscreen()
  } else {
    document.documentElement.requestFullscreen()
  }
}

// Copies the address through a temporary text box; the focus then returns to where it was.
async function copy_address() {
  const before = focused()
  const box = document.createElement("textarea")
  box.value = window.location.href
  box.style.cssText = "position: fixed; opacity: 0"
  document.body.append(box)
  const copied = await copy(box)
  box.remove()
  before?.focus()
  return copied
}

// The first frame paints what has arrived; by the second it has been painted.
function painted(tell) {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(tell)))
}

// An open sidebar would cover a phone's screen, and the server does not know how wide the screen is.
function fit_sidebar() {
  if (page() && window.innerWidth < 1100) { page().data.sidebar_open = false }
}

function page() {
  return Bokeh.documents.flatMap((doc) => doc.roots()).find((root) => root.class_name === "Page")
}

// The address holds the state. A session that was cut off cannot be resumed, since what the server
// has sent meanwhile is lost: so the page is reloaded as soon as the server answers, with all pages
// of a server at slightly different times. The file requested needs no password, since a restarted
// server may no longer know who has given it.
async function come_back() {
  for (;;) {
    await new Promise((go) => setTimeout(go, 1000 + 1000 * Math.random()))
    try {
      const answer = await fetch("spare.js", {cache: "no-store"})
      if (answer.ok) { window.location.reload(); return }
    } catch { /* not yet */ }
  }
}

// The first stop of the Tab key, visible only while focused: it skips bar and cards to the
// parameters.
function skip_link() {
  const link = document.createElement("a")
  link.className = "skip"
  link.href = "#parameters"
  link.textContent = "Skip to the parameters"
  link.addEventListener("click", (event) => {
    event.preventDefault()
    const aim = parameter_sliders()[0] ?? seen("nav[aria-label=Views] [aria-current]")[0]
    aim?.focus({focusVisible: true})
  })
  document.body.prepend(link)
  return link
}

export function render({model, el}) {
  const forget_keys = listen_to_keys({
    send: (action) => model.send_msg({action}), full_screen, projector: () => model.projector,
    toggle_projector: () => model.send_msg({action: "projector"}),
  })
  const forget_history = keep_history(model)
  const skip = skip_link()
  // A visitor who leaves the page for a moment finds it unchanged; after a while the server stops
  // computing for it.
  let leaving = null
  const looked = () => {
    clearTimeout(leaving)
    model.send_msg({hidden: document.hidden})
    if (document.hidden) { leaving = setTimeout(() => model.send_msg({away: true}), AWAY_AFTER) }
  }
  document.addEventListener("visibilitychange", looked)
  // Only then: a question at every leaving would be ignored. After the connection is lost there is
  // nothing left to lose.
  let lost = false
  const leaving_page = (event) => { if (model.unsaved && !lost) { event.preventDefault() } }
  window.addEventListener("beforeunload", leaving_page)
  model.on("msg:custom", (event) => {
    const asked = event.data ?? event
    if (asked.save) { (asked.one ? choose : (what) => save(what.title || model.title, what))(asked.save) }
    if (asked.file) { give([asked.file.bytes], asked.file.name, asked.file.type) }
    if (asked === "full-screen") { full_screen() }
    if (asked === "painted") { painted(() => model.send_msg({painted: true})) }
    if (asked === "copy") { copy_address().then((copied) => model.send_msg({copied})) }
  })
  model.on("remove", () => {
    clearTimeout(leaving)
    for (const forget of [forget_keys, forget_history, forget_projector]) { forget() }
    skip.remove()
    window.removeEventListener("beforeunload", leaving_page)
    document.removeEventListener("visibilitychange", looked)
  })
  Bokeh.documents[0]?.on_event("connection_lost", once(() => { lost = true; come_back() }))
  fit_sidebar()
  const forget_projector = watch_projector(model)
  const ready = () => {
    if (Bokeh.documents.every((doc) => doc.is_idle)) {
      model.send_msg({ready: true, dark: page()?.data.dark_theme})
    } else {
      setTimeout(ready, 50)
    }
  }
  ready()
}
