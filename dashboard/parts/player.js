// The controls of a run: native buttons and a native range input, so that names, focus and keys
// come from the browser. All state lives in Python; this shows it and reports what is pressed. With a
// flipbook it draws the frames as well, without the server.

const BUTTONS = [
  ["restart", "Restart from the beginning (R)", "M12 5V1L7 6l5 5V7a6 6 0 1 1-6 6H4a8 8 0 1 0 8-8z"],
  ["back", "One step back (left arrow)", "M6 6h2v12H6zm3.5 6 8.5 6V6z"],
  ["toggle", "Play (space)", "M8 5v14l11-7z"],
  ["forward", "One step forward (right arrow)", "M16 6h2v12h-2zM6 18l8.5-6L6 6z"],
]
const PAUSE = "M6 5h4v14H6zm8 0h4v14h-4z"
const LOOP = "M7 7h10v3l4-4-4-4v3H5v6h2zm10 10H7v-3l-4 4 4 4v-3h12v-6h-2z"

const TELL_EVERY = 1000

async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))
  return new Response(stream).arrayBuffer()
}

// A flipbook as a function that draws a frame. Drawn data go to the figures only: sent to the
// server, they would come back.
async function open_book({times, strips, cursors, pages}) {
  const {ndarray} = Bokeh.require("core/util/ndarray")
  const all = await inflated(pages), silently = {sync: false}
  const find = (id) => Bokeh.documents.map((doc) => doc.get_model_by_id(id)).find((one) => one)
  let start = 0
  const parts = strips.map(({id, column, shape, dtype}) => {
    const size = shape.slice(1).reduce((a, b) => a * b) * (dtype === "uint8" ? 1 : 4)
    const part = {source: find(id), column, size, start, dtype, shape: shape.slice(1)}
    start += shape[0] * size
    return part
  })
  const lines = cursors.map(find).filter((one) => one)
  return (frame) => {
    for (const {source, column, size, start, dtype, shape} of parts) {
      const page = ndarray(all.slice(start + frame * size, start + (frame + 1) * size), {dtype, shape})
      const values = column === "image" ? [page] : page
      source.setv({data: {...source.data, [column]: values}}, silently)
    }
    for (const line of lines) { line.setv({location: times[frame]}, silently) }
  }
}

function icon(path) {
  return `<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="${path}"/></svg>`
}

function button(name, label, path) {
  const made = document.createElement("button")
  made.type = "button"
  made.className = name
  made.title = label
  made.setAttribute("aria-label", label)
  made.innerHTML = icon(path)
  return made
}

export function render({model, el}) {
  const bar = document.createElement("div")
  bar.className = "bar"
  bar.setAttribute("role", "group")
  bar.setAttribute("aria-label", "Player")
  const made = {}
  for (const [name, label, path] of BUTTONS) {
    made[name] = button(name, label, path)
    made[name].addEventListener("click", () => model.send_msg(name))
    bar.append(made[name])
  }
  const scrub = document.createElement("input")
  scrub.type = "range"
  scrub.min = 0
  scrub.step = 1
  scrub.setAttribute("aria-label", "Time")
  const clock = document.createElement("output")
  clock.setAttribute("aria-hidden", "true")
  const speed = document.createElement("select")
  speed.setAttribute("aria-label", "Speed")
  speed.title = "Speed"
  const loop = button("loop", "Loop", LOOP)
  loop.addEventListener("click", () => { model.loop = !model.loop })
  bar.append(scrub, clock, speed, loop)
  el.append(bar)

  const time = (frame) => {
    const t = model.end * frame / Math.max(1, model.last)
    // Own data may span femtoseconds, given in seconds.
    const usual = model.end >= 0.1 && model.end < 1e5
    return `t = ${usual ? t.toFixed(model.end > 5 ? 1 : 2) : Number(t.toPrecision(3))}`
  }
  let at = model.frame, draw = null, given = 0, beat = null, told = 0
  const show = () => {
    scrub.max = model.last
    scrub.value = at
    scrub.style.setProperty("--share", `${100 * at / Math.max(1, model.last)}%`)
    clock.textContent = time(at)
    scrub.setAttribute("aria-valuetext", time(at))
    draw?.(at)
  }
  const turn = () => {
    if (at >= model.last && !model.loop) { return }
    at = at < model.last ? Math.min(at + model.stride, model.last) : 0
    show()
    if (Date.now() - told > TELL_EVERY) {
      told = Date.now()
      model.send_msg({frame: at})
    }
  }
  const play = () => {
    clearInterval(beat)
    beat = draw && model.playing ? setInterval(turn, model.period) : null
  }
  const take = async (book) => {
    given = book.book
    draw = null
    play()
    if (given === 0 || !("DecompressionStream" in window)) { return }
    const opened = await open_book(book)
    if (given !== book.book) { return }
    draw = opened
    model.send_msg({opened: given})
    play()
  }
  const show_play = () => {
    const label = model.playing ? "Pause (space)" : "Play (space)"
    made.toggle.innerHTML = icon(model.playing ? PAUSE : BUTTONS[2][2])
    made.toggle.title = label
    made.toggle.setAttribute("aria-label", label)
  }
  const show_loop = () => loop.setAttribute("aria-pressed", String(model.loop))
  const show_speed = () => {
    speed.replaceChildren(...model.speeds.map((value) => {
      const option = document.createElement("option")
      option.value = value
      option.textContent = `${value}×`
      return option
    }))
    speed.value = model.speed
  }
  scrub.addEventListener("input", () => {
    at = model.frame = Number(scrub.value)
    show()
    model.send_msg("scrub")
  })
  speed.addEventListener("change", () => { model.speed = Number(speed.value) })
  model.on("frame", () => { at = model.frame; show() })
  for (const name of ["last", "end"]) { model.on(name, show) }
  for (const name of ["playing", "period", "stride"]) { model.on(name, play) }
  model.on("msg:custom", take)
  model.on("remove", () => clearInterval(beat))
  model.on("playing", show_play)
  model.on("loop", show_loop)
  model.on("speed", () => { speed.value = model.speed })
  show_speed()
  show()
  show_play()
  show_loop()
}
