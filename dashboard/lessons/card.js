// The card of a lesson's step: text, question, hidden answer, notes, and the way through the steps.

const FOLDED = "hoam-lesson-folded"

function made(tag, options = {}, ...children) {
  const node = Object.assign(document.createElement(tag), options)
  node.append(...children)
  return node
}

function button(label, pressed, more = {}) {
  const node = made("button", {type: "button", textContent: label, ...more})
  node.addEventListener("click", pressed)
  return node
}

function hidden_part(summary, html, kind) {
  const body = made("div", {innerHTML: html})
  return made("details", {className: kind}, made("summary", {textContent: summary}), body)
}

export function render({model, el}) {
  const root = made("section", {className: "lesson"})
  root.setAttribute("aria-label", "Lesson")
  const title = made("h2", {tabIndex: -1})
  const where = made("p", {className: "where"})
  const dots = made("div", {className: "dots"})
  dots.setAttribute("aria-hidden", "true")
  const text = made("div", {className: "text"})
  const ask = made("div", {className: "ask"})
  const body = made("div", {className: "body", tabIndex: 0}, text, ask)
  body.setAttribute("role", "region")
  body.setAttribute("aria-label", "What this step says")
  const notes = made("input", {type: "checkbox"})
  notes.addEventListener("change", () => model.send_msg({notes: notes.checked}))
  const offer = made("label", {className: "notes"}, notes, "Instructor notes")
  let moved = false
  const go = (by) => { moved = true; model.send_msg({step: model.step + by}) }
  const back = button("Back", () => go(-1))
  const next = button("Next", () => model.step < model.titles.length ? go(1) : model.send_msg("list"),
    {className: "main"})
  const fold = button("Fold", () => {
    localStorage.setItem(FOLDED, root.classList.toggle("folded") ? "1" : "")
    folded()
  })
  const folded = () => {
    const is = root.classList.contains("folded")
    fold.textContent = is ? "Unfold" : "Fold"
    fold.setAttribute("aria-expanded", String(!is))
  }
  const head = made("div", {className: "head"}, made("div", {className: "names"}, where, title),
    dots)
  const foot = made("div", {className: "foot"}, back, next,
    button("Set it again", () => model.send_msg({step: model.step}),
      {title: "Return to the state this step starts with"}),
    offer, fold,
    button("All lessons", () => model.send_msg("list")))
  root.append(head, body, foot)
  if (localStorage.getItem(FOLDED)) { root.classList.add("folded") }

  const draw = () => {
    const {step, titles, parts} = model
    const last = step === titles.length
    where.textContent = `${model.lesson} · step ${step} of ${titles.length}`
    title.textContent = titles[step - 1] ?? ""
    dots.replaceChildren(...titles.map((_, i) => made("i", {className: i < step ? "done" : ""})))
    text.innerHTML = parts.text ?? ""
    ask.replaceChildren()
    if (parts.question) {
      ask.append(made("div", {className: "question"},
        made("h3", {textContent: "What to try"}), made("div", {innerHTML: parts.question})))
    }
    if (parts.answer) { ask.append(hidden_part("Show the answer", parts.answer, "answer")) }
    if (parts.notes) {
      ask.append(made("div", {className: "aside"}, made("h3", {textContent: "For the instructor"}),
        made("div", {innerHTML: parts.notes})))
    }
    draw_formulas(root)
    body.scrollTop = 0
    back.disabled = step <= 1
    back.title = titles[step - 2] ?? ""
    next.textContent = last ? "Finish" : "Next"
    next.title = last ? "Back to the list of lessons" : titles[step]
    notes.checked = model.notes
    offer.hidden = model.pupils
    folded()
    // A screen reader reads the new heading; the scroll position stays.
    if (moved) { title.focus({preventScroll: true}); moved = false }
  }
  model.on("parts", draw)
  model.on("pupils", () => { offer.hidden = model.pupils })
  model.on("notes", () => { notes.checked = model.notes })
  draw()
  el.appendChild(root)
}
