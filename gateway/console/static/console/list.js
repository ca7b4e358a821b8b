// A keyed list that keeps the focus, the selection and the place under a person's hands.

// Makes `container` show `items` in order. `make(item)` gives a new element, `update(element, item)`
// changes one that is there. An element that holds the focus is never taken out of the document to
// be moved: the others move around it.
export function sync(container, items, key, make, update) {
  const before = new Map();
  for (const element of container.children) before.set(element.dataset.key, element);
  const held = [...container.children].find((one) => one.contains(document.activeElement)) ?? null;
  const wanted = items.map((item) => {
    const id = String(key(item));
    const known = before.get(id);
    before.delete(id);
    const element = known ?? make(item);
    element.dataset.key = id;
    if (known) update(known, item);
    return element;
  });
  for (const gone of before.values()) {
    if (gone === held) giveFocusAway(container, gone, wanted);
    gone.remove();
  }
  place(container, wanted, wanted.includes(held) ? held : null);
}

function place(container, wanted, held) {
  if (held === null) {
    let next = container.firstElementChild;
    for (const element of wanted) {
      if (element === next) next = next.nextElementSibling;
      else container.insertBefore(element, next);
    }
    return;
  }
  const at = wanted.indexOf(held);
  let next = held;
  for (const element of wanted.slice(0, at).reverse()) {
    if (next.previousElementSibling !== element) next.before(element);
    next = element;
  }
  let after = held;
  for (const element of wanted.slice(at + 1)) {
    if (after.nextElementSibling !== element) after.after(element);
    after = element;
  }
}

// Whoever was on a row that goes lands on the one that takes its place, not at the page's top.
function giveFocusAway(container, gone, wanted) {
  const focusable = "a[href], button, input, textarea, select, [tabindex]";
  let next = gone.nextElementSibling;
  while (next && !wanted.includes(next)) next = next.nextElementSibling;
  next ??= wanted.at(-1) ?? null;
  const target = next?.matches(focusable) ? next : next?.querySelector(focusable);
  if (target) target.focus({ preventScroll: true });
  else document.getElementById("main")?.focus({ preventScroll: true });
}
