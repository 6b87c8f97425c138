// The status line: how old the picture is and what it took. The age is counted in the browser.

export function render({model, el}) {
  const line = document.createElement("div")
  line.className = "status"
  const text = document.createElement("span")
  const age = document.createElement("span")
  line.append(text, age)
  el.append(line)
  let shown = performance.now()
  const tick = () => {
    const seconds = Math.round((performance.now() - shown) / 1000)
    age.textContent = model.version > 0 ? ` · ${seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`} old` : ""
  }
  const show = () => {
    text.textContent = model.text
    line.dataset.version = model.version
    line.dataset.modelMs = model.model_ms
    line.dataset.particles = model.particles
    line.dataset.truth = model.truth
  }
  model.on("version", () => { shown = performance.now(); show(); tick() })
  for (const name of ["text", "truth", "model_ms", "particles"]) { model.on(name, show) }
  const timer = setInterval(tick, 1000)
  model.on("remove", () => clearInterval(timer))
  show()
  tick()
}
