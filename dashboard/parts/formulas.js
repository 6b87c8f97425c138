// MathJax comes with Bokeh and needs no font. Its drawing has no text, so MathML stays for screen
// readers.
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
    // A drawn formula counts as the end of a word: without this, a comma may begin the next line.
    const after = formula.parentElement.nextSibling
    const marks = after?.nodeType === Node.TEXT_NODE ? after.data.match(/^[^\s\w]+/)?.[0] : null
    if (marks) {
      formula.append(marks)
      after.data = after.data.slice(marks.length)
    }
  }
}

