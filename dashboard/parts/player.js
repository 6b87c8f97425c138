// The controls of a run: native buttons and a native range input, so that names, focus and keys
// come from the browser. All state lives in Python; this only shows it and reports what is pressed.

const BUTTONS = [
  ["restart", "Restart from the beginning (R)", "M12 5V1L7 6l5 5V7a6 6 0 1 1-6 6H4a8 8 0 1 0 8-8z"],
  ["back", "One step back (left arrow)", "M6 6h2v12H6zm3.5 6 8.5 6V6z"],
  ["toggle", "Play (space)", "M8 5v14l11-7z"],
  ["forward", "One step forward (right arrow)", "M16 6h2v12h-2zM6 18l8.5-6L6 6z"],
]
const PAUSE = "M6 5h4v14H6zm8 0h4v14h-4z"
const LOOP = "M7 7h10v3l4-4-4-4v3H5v6h2zm10 10H7v-3l-4 4 4 4v-3h12v-6h-2z"

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
    return `t = ${t.toFixed(model.end > 5 ? 1 : 2)}`
  }
  const show = () => {
    scrub.max = model.last
    scrub.value = model.frame
    scrub.style.setProperty("--share", `${100 * model.frame / Math.max(1, model.last)}%`)
    clock.textContent = time(model.frame)
    scrub.setAttribute("aria-valuetext", time(model.frame))
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
    model.frame = Number(scrub.value)
    model.send_msg("scrub")
  })
  speed.addEventListener("change", () => { model.speed = Number(speed.value) })
  for (const name of ["frame", "last", "end"]) { model.on(name, show) }
  model.on("playing", show_play)
  model.on("loop", show_loop)
  model.on("speed", () => { speed.value = model.speed })
  show_speed()
  show()
  show_play()
  show_loop()
}
