// MathJax comes with Bokeh and needs no font. What it draws has no words, so MathML stays for readers.
function draw_formulas(root) {
  const {MathJax} = Bokeh.require("models/text/providers").default_provider
  if (!MathJax) { return }
  for (const formula of root.querySelectorAll(".formula:not(.drawn)")) {
    const display = formula.querySelector("math").getAttribute("display") === "block"
    const drawn = MathJax.tex2svg(formula.dataset.tex, {display})
    drawn.setAttribute("aria-hidden", "true")
    formula.classList.add("drawn")
    formula.append(drawn)
    if (display) { continue }
    // A picture of a formula ends a word: without this, a comma may begin the next line.
    const after = formula.parentElement.nextSibling
    const marks = after?.nodeType === Node.TEXT_NODE ? after.data.match(/^[^\s\w]+/)?.[0] : null
    if (marks) {
      formula.append(marks)
      after.data = after.data.slice(marks.length)
    }
  }
}

