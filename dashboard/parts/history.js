// The address holds the state. Another view, another system and an opened link are entries of the
// browser's history; changes within them, such as a moved slider, replace the address.

function keep_history(model) {
  let entry = model.place.entry, backs = 0
  const write = () => {
    const {search, entry: now, restored} = model.place
    const is_new = now > entry
    entry = now
    // A message under way when the visitor went back belongs to the page that was left.
    if (!search || restored !== backs || search === window.location.search) { return }
    const history = window.history
    if (is_new) { history.pushState(null, "", search) } else { history.replaceState(null, "", search) }
  }
  const go_back = () => {
    backs += 1
    model.send_msg({restore: window.location.search, backs})
  }
  const name = () => { document.title = model.heading }
  window.addEventListener("popstate", go_back)
  model.on("place", write)
  model.on("heading", name)
  write()
  name()
  return () => window.removeEventListener("popstate", go_back)
}
