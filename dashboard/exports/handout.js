// Plays a hand-out: frames are stacked in a grey picture of colour levels, and are coloured here,
// so that one file serves light and dark. Nothing is loaded from any host.

const DATA = JSON.parse(document.getElementById("data").textContent)
const WORDS = document.getElementById("words").textContent
const DARK = window.matchMedia("(prefers-color-scheme: dark)")
const SVG = "http://www.w3.org/2000/svg"
const RATE = 12

const make = (name, options = {}, ...children) => {
  const made = Object.assign(document.createElement(name), options)
  made.append(...children)
  return made
}
const draw = (name, attributes) => {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) { made.setAttribute(key, value) }
  return made
}
const colours = (scene) => DARK.matches ? scene.dark : scene.light
const number = (value) => {
  const size = Math.abs(value)
  return size > 0 && (size < 0.01 || size >= 1e5) ? value.toExponential(1) : String(Number(value.toPrecision(3)))
}

// About this many round numbers between two values; powers of ten on a logarithmic axis.
function ticks(low, high, count, log = false) {
  if (log) {
    const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)]
    const step = Math.max(1, Math.ceil((last - first + 1) / count))
    return Array.from({length: Math.floor((last - first) / step) + 1}, (_, i) => 10 ** (first + i * step))
  }
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough))
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9))
  const first = Math.ceil(low / step - 1e-9)
  const found = Math.floor(high / step + 1e-9) - first + 1
  return Array.from({length: found}, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

// Colour levels of one frame, row by row from the top.
function levels(scene, frame) {
  const [nx, ny] = scene.cells
  scene.store ??= Object.assign(document.createElement("canvas"), {width: nx, height: ny})
  const ink = scene.store.getContext("2d", {willReadFrequently: true})
  ink.drawImage(scene.sheet, 0, -frame * ny)
  return ink.getImageData(0, 0, nx, ny).data
}

function paint(scene, frame) {
  const [nx, ny] = scene.cells, found = levels(scene, frame), palette = colours(scene)
  const ink = scene.canvas.getContext("2d"), image = ink.createImageData(nx, ny)
  for (let i = 0; i < nx * ny; i++) {
    image.data.set(palette[found[4 * i]], 4 * i)
    image.data[4 * i + 3] = 255
  }
  ink.putImageData(image, 0, 0)
}

function trace(scene, frame) {
  const [nx, rows] = scene.cells, found = levels(scene, frame)
  const ink = scene.canvas.getContext("2d"), {width, height} = scene.canvas
  const style = getComputedStyle(document.documentElement)
  ink.clearRect(0, 0, width, height)
  ink.lineWidth = 3
  for (let row = 0; row < rows; row++) {
    ink.strokeStyle = style.getPropertyValue(["--first", "--second"][row % 2])
    ink.setLineDash(row % 2 ? [12, 6] : [])
    ink.beginPath()
    for (let i = 0; i < nx; i++) {
      ink.lineTo((i + 0.5) / nx * width, height * (1 - found[4 * (row * nx + i)] / 255))
    }
    ink.stroke()
  }
}

function key_of(scene) {
  const keys = make("div", {className: "keys"})
  if (scene.scale) {
    const bar = make("canvas", {width: 256, height: 1})
    bar.setAttribute("aria-hidden", "true")
    scene.bar = bar
    keys.append(number(scene.scale[0]), bar, number(scene.scale[1]))
  }
  for (const [colour, name] of scene.keys) {
    const swatch = make("i")
    swatch.style.background = colour
    keys.append(make("span", {}, swatch, name))
  }
  return keys
}

function paint_bar(scene) {
  if (!scene.bar) { return }
  const ink = scene.bar.getContext("2d")
  colours(scene).forEach((colour, i) => {
    ink.fillStyle = `rgb(${colour})`
    ink.fillRect(i, 0, 1, 1)
  })
}

function add_scene(scene) {
  const line = scene.kind === "lines", [nx, ny] = scene.cells
  scene.canvas = make("canvas", {width: line ? 720 : nx, height: line ? 360 : ny})
  scene.canvas.className = scene.keys.length && !line ? "cells" : "picture"
  scene.canvas.setAttribute("role", "img")
  scene.canvas.setAttribute("aria-label", `${scene.title}. ${WORDS}`)
  const caption = make("figcaption", {textContent: scene.title},
    make("small", {textContent: scene.sides}))
  const shown = scene.plane ? framed(scene.canvas, scene.plane) : scene.canvas
  document.getElementById("pictures").append(make("figure", {}, caption, shown, key_of(scene)))
}

// A picture with round numbers along its lower and its left side.
function framed(canvas, [[left, right], [lower, upper]]) {
  const numbers = (low, high, count, side) => ticks(low, high, count).map((value) => {
    const made = make("span", {textContent: number(value)})
    made.style[side] = `${100 * (value - low) / (high - low)}%`
    return made
  })
  return make("div", {className: "plane"},
    make("div", {className: "up", ariaHidden: "true"}, ...numbers(lower, upper, 5, "bottom")), canvas,
    make("div", {className: "along", ariaHidden: "true"}, ...numbers(left, right, 5, "left")))
}

function add_chart(chart) {
  const [width, height, left, bottom] = [480, 176, 60, 20]
  const svg = draw("svg", {viewBox: `0 0 ${width} ${height}`, role: "img"})
  svg.setAttribute("aria-label", `${chart.title} against time: ${chart.curves.map((c) => c.name).join(", ")}`)
  const end = DATA.end, f = chart.log ? Math.log : (v) => v
  const x = (t) => left + t / end * (width - left - 4)
  const y = (v) => 6 + (height - bottom - 6) * (f(chart.high) - f(v)) / (f(chart.high) - f(chart.low))
  svg.append(draw("rect", {class: "frame", x: left, y: 6, width: width - left - 4, height: height - bottom - 6}))
  const tell = (text, where) => { svg.append(Object.assign(draw("text", where), {textContent: text})) }
  for (const value of ticks(chart.low, chart.high, 4, chart.log)) {
    svg.append(draw("line", {class: "tick", x1: left - 4, x2: left, y1: y(value), y2: y(value)}))
    tell(number(value), {x: left - 6, y: y(value) + 4, "text-anchor": "end"})
  }
  for (const value of ticks(0, end, 6)) {
    svg.append(draw("line", {class: "tick", x1: x(value), x2: x(value), y1: height - bottom, y2: height - bottom + 4}))
    tell(value ? number(value) : "t = 0", {x: x(value), y: height - 3, "text-anchor": x(value) > width - 20 ? "end" : "middle"})
  }
  const keys = make("div", {className: "keys"})
  for (const {kind, name, t, y: values} of chart.curves) {
    const inside = (v) => Math.min(Math.max(v, chart.low), chart.high)
    const d = t.map((at, i) => `${i ? "L" : "M"}${x(at).toFixed(1)} ${y(inside(values[i])).toFixed(1)}`)
    svg.append(draw("path", {class: kind, d: d.join("")}))
    const sample = draw("svg", {width: 28, height: 8, "aria-hidden": "true"})
    sample.append(draw("path", {class: kind, d: "M0 4L28 4"}))
    keys.append(make("span", {}, sample, name))
  }
  const cursor = draw("line", {class: "cursor", y1: 6, y2: height - bottom})
  svg.append(cursor)
  chart.at = (t) => { cursor.setAttribute("x1", x(t)); cursor.setAttribute("x2", x(t)) }
  const figure = make("figure", {className: "chart"}, make("figcaption", {textContent: chart.title}))
  figure.append(svg, keys)
  document.getElementById("charts").append(figure)
}

const ICONS = {
  back: "M6 6h2v12H6zm3.5 6 8.5 6V6z", play: "M8 5v14l11-7z", pause: "M6 5h4v14H6zm8 0h4v14h-4z",
  forward: "M16 6h2v12h-2zM6 18l8.5-6L6 6z",
  loop: "M7 7h10v3l4-4-4-4v3H5v6h2zm10 10H7v-3l-4 4 4 4v-3h12v-6h-2z",
}
const icon = (name) =>
  `<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`

function player() {
  const last = DATA.ts.length - 1
  const state = {frame: DATA.start, playing: false, loop: true, speed: 1, due: 0}
  const bar = document.getElementById("player"), status = document.getElementById("status")
  const button = (name, label, press) => {
    const made = make("button", {type: "button", className: name, innerHTML: icon(name), title: label})
    made.setAttribute("aria-label", label)
    made.addEventListener("click", press)
    return made
  }
  const time = () => `t = ${number(DATA.ts[state.frame])}`
  const show = () => {
    for (const scene of DATA.scenes) { (scene.kind === "lines" ? trace : paint)(scene, state.frame) }
    for (const chart of DATA.charts) { chart.at(DATA.ts[state.frame]) }
    scrub.value = state.frame
    scrub.setAttribute("aria-valuetext", time())
    clock.textContent = time()
    if (!state.playing) { status.textContent = `Shown: ${time()}` }
  }
  const go = (frame) => { state.frame = Math.min(Math.max(frame, 0), last); show() }
  const tick = (now) => {
    if (!state.playing) { return }
    if (now >= state.due) {
      state.due = now + 1000 / (RATE * state.speed)
      if (state.frame < last) { go(state.frame + 1) } else if (state.loop) { go(0) } else { set(false) }
    }
    requestAnimationFrame(tick)
  }
  const set = (playing) => {
    state.playing = playing
    const label = playing ? "Pause (space)" : "Play (space)"
    play.innerHTML = icon(playing ? "pause" : "play")
    play.title = label
    play.setAttribute("aria-label", label)
    if (playing && state.frame === last) { state.frame = 0 }
    if (playing) { requestAnimationFrame(tick) } else { show() }
  }
  const step = (by) => { set(false); go(state.frame + by) }
  const play = button("play", "Play (space)", () => set(!state.playing))
  const loop = button("loop", "Loop", () => {
    state.loop = !state.loop
    loop.setAttribute("aria-pressed", state.loop)
  })
  loop.setAttribute("aria-pressed", "true")
  const scrub = make("input", {type: "range", min: 0, max: last, step: 1})
  scrub.setAttribute("aria-label", "Time")
  scrub.addEventListener("input", () => { set(false); go(Number(scrub.value)) })
  const clock = make("output")
  clock.setAttribute("aria-hidden", "true")
  const speed = make("select", {title: "Speed"},
    ...[0.25, 0.5, 1, 2, 4].map((v) => make("option", {value: v, textContent: `${v}×`})))
  speed.setAttribute("aria-label", "Speed")
  speed.value = "1"
  speed.addEventListener("change", () => { state.speed = Number(speed.value) })
  bar.append(button("back", "One step back (left arrow)", () => step(-1)), play,
    button("forward", "One step forward (right arrow)", () => step(1)), scrub, clock, speed, loop)
  const keys = {" ": () => set(!state.playing), ArrowLeft: () => step(-1), ArrowRight: () => step(1),
    Home: () => step(-last), End: () => step(last)}
  window.addEventListener("keydown", (event) => {
    const own = event.target.closest("input, select, pre, summary, button")
    if (event.key in keys && !(own && (event.key === " " || own.matches("input, select, pre")))) {
      keys[event.key]()
      event.preventDefault()
    }
  })
  DARK.addEventListener("change", () => { DATA.scenes.forEach(paint_bar); show() })
  show()
}

DATA.scenes.forEach(add_scene)
DATA.scenes.forEach(paint_bar)
DATA.charts.forEach(add_chart)
Promise.all(DATA.scenes.map(async (scene) => {
  scene.sheet = new Image()
  scene.sheet.src = scene.data
  await scene.sheet.decode()
})).then(player)
