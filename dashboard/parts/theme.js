// Light or dark: as the visitor has chosen here before, else as the system prefers. It is known
// before the page is drawn, so the other theme never shows first; the page tells the server.

(() => {
const KEY = "hoam-theme"
const prefers = window.matchMedia("(prefers-color-scheme: dark)")
const chosen = () => { try { return localStorage.getItem(KEY) } catch { return null } }
const wanted = () => { const one = chosen(); return one ? one === "dark" : prefers.matches }
const page_of = (doc) => doc.roots().find((root) => root.class_name === "Page")

// Choosing what the system prefers means following it again.
function remember(dark) {
  try {
    if (dark === prefers.matches) {
      localStorage.removeItem(KEY)
    } else {
      localStorage.setItem(KEY, dark ? "dark" : "light")
    }
  } catch { /* no room: for this visit */ }
}

function paint(dark) { document.documentElement.classList.toggle("dark", dark) }

// The other palette of a picture does not have to come from the server, which may be busy.
function recolour(doc, dark) {
  for (const model of doc.all_models) {
    const palettes = model.tags?.find((tag) => tag?.palettes)?.palettes
    if (palettes) { model.setv({palette: palettes[dark ? 1 : 0]}, {sync: false}) }
  }
}

function follow(doc) {
  const page = page_of(doc)
  if (!page) { return }
  // Every part of the library has its own theme, and would show it until it learns of the page's.
  for (const {data} of doc.all_models) {
    if (data?.properties?.dark_theme) { data.setv({dark_theme: wanted()}, {sync: false}) }
  }
  recolour(doc, wanted())
  page.data.properties.dark_theme.change.connect(() => {
    const dark = page.data.dark_theme
    remember(dark)
    paint(dark)
    recolour(doc, dark)
  })
  prefers.addEventListener("change", () => { if (!chosen()) { page.data.dark_theme = wanted() } })
}

paint(wanted())
document.addEventListener("DOMContentLoaded", () => {
  try {
    const {Document} = Bokeh.require("document/document"), made = Document.from_json
    Document.from_json = function (...all) {
      const doc = made.apply(this, all)
      follow(doc)
      return doc
    }
  } catch (error) {
    console.warn("The theme is not remembered:", error)
  }
}, {once: true})
})()
