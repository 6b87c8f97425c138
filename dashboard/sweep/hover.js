// The value under the pointer and the curve at its parameter; without a pointer, those of the page.
// Nothing of it is sent to the server: `quiet` keeps it in the browser.
const quiet = {sync: false}
const table = source.data.values[0]
if (table === undefined) {
  cut.setv({data: {t: [], y: []}}, quiet)
  return
}
const [rows, columns] = table.shape
const low = about.data.low[0], high = about.data.high[0], end = about.data.end[0]
const inside = cb_obj.event_name === "mousemove"
  && cb_obj.x >= 0 && cb_obj.x <= end && cb_obj.y >= low && cb_obj.y <= high
const x = inside ? cb_obj.x : rest.data.t[0]
const y = Math.min(Math.max(inside ? cb_obj.y : rest.data.y[0], low), high)
const i = Math.round((y - low) / (high - low) * (rows - 1))
const j = Math.min(Math.max(Math.round(x / end * (columns - 1)), 0), columns - 1)
const times = new Float32Array(columns).map((_, k) => k / (columns - 1) * end)
cut.setv({data: {t: times, y: table.slice(i * columns, (i + 1) * columns)}}, quiet)
across.setv({location: y}, quiet)
along.setv({location: x}, quiet)
cursor.setv({location: x}, quiet)
const shown = table[i * columns + j]
const number = Number.isFinite(shown) ? Number(shown.toPrecision(3)).toString() : "diverged"
const place = `${about.data.name[0]} = ${Number(y.toPrecision(4))}`
title.setv({text: `Cut at ${place}`}, quiet)
value.setv({visible: inside}, quiet)
if (inside) {
  const right = x > 0.6 * end
  value.setv({
    text: `${place}, t = ${Number(x.toPrecision(3))}: ${number}`, x, y,
    text_align: right ? "right" : "left", x_offset: right ? -10 : 10,
    y_offset: y > 0.85 * high + 0.15 * low ? -22 : 8,
  }, quiet)
}
