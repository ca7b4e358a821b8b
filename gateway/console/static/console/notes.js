// What somebody types is kept on this computer until it is sent: <textarea data-keep="KEY">.
// Kept for this window's session and this person only; signing out drops it.

const you = document.body.dataset.you ?? "";
const prefix = `keep:${you}:`;

function store() {
  try {
    return window.sessionStorage;
  } catch {
    return null; // storage is switched off: nothing is kept, and nothing breaks
  }
}

export function restore(root = document) {
  for (const field of root.querySelectorAll("[data-keep]")) {
    const kept = store()?.getItem(prefix + field.dataset.keep);
    if (kept && field.value === "") {
      field.value = kept;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

export function forget(key) {
  store()?.removeItem(prefix + key);
}

export function forgetAll() {
  const kept = store();
  if (!kept) return;
  for (const key of Object.keys(kept)) if (key.startsWith("keep:")) kept.removeItem(key);
}

export function start() {
  document.addEventListener("input", (event) => {
    const key = event.target.dataset?.keep;
    if (!key) return;
    try {
      if (event.target.value === "") forget(key);
      else store()?.setItem(prefix + key, event.target.value);
    } catch {
      // the store is full: the text still stands in its field
    }
  });
  document.getElementById("sign-out")?.addEventListener("submit", forgetAll);
  restore();
}
