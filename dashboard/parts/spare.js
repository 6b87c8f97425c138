// Avoids work that Bokeh does more often than this page needs, by replacing methods of its views.
//
// Styles: at every repaint it asks for the style `--bk-...` of each attribute of each visual, none
// of which this page sets, and for the size of the page's font, which is constant; and it writes
// the position of each part into a style element, even if it has not moved. Each of these makes the
// browser recompute its styles: two thirds of the time of a repaint.
//
// Layout: the whole page with all its figures is laid out whenever one part comes, goes, is hidden or
// changes its size. Here once after each task of the browser, and a figure only if it is new or has
// another size; one that is hidden keeps its layout and its pixels until it is shown again.

(() => {
const SPARED = {
  _get_css_value: (visual) => { visual._get_css_value = () => "" },
  _update(sheet) {
    const write = sheet._update
    sheet._update = function (text) { if (this.el.textContent !== text) { write.call(this, text) } }
  },
  base_font_size(plot) {
    const {get} = Object.getOwnPropertyDescriptor(plot, "base_font_size"), known = new WeakMap()
    Object.defineProperty(plot, "base_font_size", {get() {
      const size = known.get(this) ?? get.call(this)
      if (size && this.el.isConnected) { known.set(this, size) }
      return size
    }})
  },
  invalidate_layout(page) {
    const {compute_layout, invalidate_layout} = page, due = new Map()
    const later = (view, all) => {
      if (!due.has(view)) {
        setTimeout(() => {
          const anew = due.get(view)
          due.delete(view)
          if (anew) { view.update_layout() }
          compute_layout.call(view)
        })
      }
      due.set(view, all || due.get(view))
    }
    // A managed part passes it on to the page.
    page.invalidate_layout = function () {
      if (this.is_managed) { invalidate_layout.call(this) } else { later(this, true) }
    }
    page.compute_layout = function () {
      if (this.is_managed) { compute_layout.call(this) } else { later(this, false) }
    }
  },
  _make_layout(plot) {
    const {update_layout, measure_layout, _compute_layout, after_layout, repaint, paint} = plot
    const {invalidate_layout} = plot, built = new WeakSet(), laid_out = new WeakMap()
    const once = new WeakSet(), unpainted = new WeakSet()
    const size = ({bbox}) => `${bbox.width} ${bbox.height} ${window.devicePixelRatio}`
    const stands = (view) => view.is_displayed ? laid_out.get(view) === size(view) : once.has(view)
    const unless_it_stands = (step) => function () { if (!stands(this)) { step.call(this) } }
    // Bokeh does not notice that the labels of a colour bar have become longer.
    const bar = ({layout}) => layout.right_panel.measure({width: Infinity, height: Infinity}).width
    const bars = new WeakMap()
    const lay_out = (view) => {
      view.update_layout()
      view.measure_layout()
      view._compute_layout()
      view.after_layout()
      view._layout_computed = true
    }
    Object.assign(plot, {
      invalidate_layout() {
        built.delete(this)
        laid_out.delete(this)
        invalidate_layout.call(this)
      },
      update_layout() {
        if (built.has(this)) { return }
        // A part that is not in the page yet has no size.
        if (this.el.isConnected) { built.add(this) }
        update_layout.call(this)
      },
      measure_layout() {
        this.update_bbox()
        if (!stands(this)) { measure_layout.call(this) }
      },
      _compute_layout: unless_it_stands(_compute_layout),
      after_layout() {
        if (!stands(this)) {
          laid_out.set(this, size(this))
          if (this.el.isConnected) { once.add(this) }
          after_layout.call(this)
        } else if (this.is_displayed && unpainted.delete(this)) {
          this.request_repaint()
        }
      },
      _after_resize() { lay_out(this) },
      // Requested by a figure whose labels have become longer: the others are unaffected.
      compute_layout() {
        laid_out.delete(this)
        lay_out(this)
      },
      repaint() {
        if (!built.has(this)) { lay_out(this) }
        const width = bar(this)
        if (bars.get(this) !== width) {
          bars.set(this, width)
          this.compute_layout()
        }
        if (this.is_displayed || !once.has(this)) { repaint.call(this) } else { this.paint() }
      },
      paint() {
        if (!this.is_displayed) { unpainted.add(this) }
        paint.call(this)
      },
    })
  },
  // A hidden canvas has no size, and would lose its pixels.
  blit_webgl(canvas) {
    const {_update_bbox} = canvas
    canvas._update_bbox = function () {
      const hidden = this.el.offsetParent === null && this.bbox.width > 0
      return hidden ? false : _update_bbox.call(this)
    }
  },
}
// The classes with these methods. Another version of Bokeh may lack one: its part is left
// unchanged.
const OWNERS = {
  _get_css_value: () => Bokeh.require("core/visuals/visual").VisualProperties.prototype,
  _update: () => Bokeh.require("core/dom").InlineStyleSheet.prototype,
  base_font_size: () => Bokeh.require("models/plots/plot_canvas").PlotView.prototype,
  _make_layout: () => Bokeh.require("models/plots/plot_canvas").PlotView.prototype,
  blit_webgl: () => Bokeh.require("models/canvas/canvas").CanvasView.prototype,
  invalidate_layout: () => home(
    Bokeh.Models.get("panel.models.esm.ReactComponent").prototype.default_view.prototype,
    "invalidate_layout"),
}
const home = (object, name) => {
  while (object && !Object.hasOwn(object, name)) { object = Object.getPrototypeOf(object) }
  return object
}

// Between the scripts of Bokeh and Panel and the page that is built with them.
document.addEventListener("DOMContentLoaded", () => {
  for (const [name, spare] of Object.entries(SPARED)) {
    try {
      spare(OWNERS[name]())
    } catch (error) {
      console.warn(`Nothing is spared of ${name}:`, error)
    }
  }
}, {once: true})
})()
