// Projector mode: a class for the style sheets, larger letters in figures, and the size of the
// screen, to which the server fits the figures.

const LETTERS = "20px", BOLDER = 1.6, LOOK_EVERY = 500

// The page's theme writes letter sizes into new figures, so these are watched for.
function* enlarged() {
  for (const view of Bokeh.index.all_views()) {
    if (view.model.type !== "Figure") { continue }
    for (const model of view.model.references()) {
      for (const name of Object.keys(model.properties)) {
        if (name.endsWith("text_font_size")) { yield [model, name, LETTERS] }
        if (name === "line_width" && model[name]?.value > 0) {
          yield [model, name, {...model[name], value: BOLDER * model[name].value}]
        }
      }
    }
  }
}

function watch_projector(model) {
  const usual = new Map()
  let beat = null, due = null
  const enlarge = () => {
    for (const [one, name, value] of enlarged()) {
      const kept = usual.get(one) ?? {}
      usual.set(one, kept)
      kept[name] ??= {before: one[name], now: value}
      if (JSON.stringify(one[name]) !== JSON.stringify(kept[name].now)) {
        one.setv({[name]: kept[name].now}, {sync: false})
      }
    }
  }
  const restore = () => {
    for (const [one, kept] of usual) {
      for (const [name, {before}] of Object.entries(kept)) { one.setv({[name]: before}, {sync: false}) }
    }
    usual.clear()
  }
  const tell = () => model.send_msg({screen: [window.innerWidth, window.innerHeight]})
  const resized = () => {
    clearTimeout(due)
    if (model.projector) { due = setTimeout(tell, 200) }
  }
  const show = () => {
    document.documentElement.classList.toggle("projector", model.projector)
    clearInterval(beat)
    if (model.projector) {
      tell()
      beat = setInterval(enlarge, LOOK_EVERY)
    } else {
      restore()
    }
  }
  model.on("projector", show)
  window.addEventListener("resize", resized)
  show()
  return () => {
    clearInterval(beat)
    clearTimeout(due)
    window.removeEventListener("resize", resized)
  }
}
