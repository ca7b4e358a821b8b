// Forms that act: <form method="dialog" class="act" data-url data-method>. Without this script they
// send nothing: `dialog` keeps what is typed out of the address. What is sent is JSON; an empty field is
// left out; `answers.E` becomes {answers: {E: …}}; data-type="minutes" becomes a time.

import { send } from "../console/http.js";
import { forget } from "../console/notes.js";
import { now } from "../console/stream.js";

export function bodyOf(form, submitter) {
  const body = {};
  const fields = [...form.elements].filter((one) => one.name && one.type !== "submit");
  for (const field of fields) {
    if ((field.type === "radio" || field.type === "checkbox") && !field.checked) continue;
    const value = field.value.trim();
    if (value !== "") put(body, field.name, meant(field, value));
  }
  if (submitter?.name) put(body, submitter.name, submitter.value);
  return body;
}

function put(body, name, value) {
  const [first, second] = [name.slice(0, (name + ".").indexOf(".")), name.split(".")[1]];
  if (second === undefined) body[name] = value;
  else (body[first] ??= {})[second] = value;
}

function meant(field, value) {
  if (field.dataset.type === "minutes") return new Date(now() + Number(value) * 60_000).toISOString();
  if (field.dataset.type === "date") return dateOf(value);
  if (field.dataset.type === "list") return value.split(",").map((one) => one.trim()).filter(Boolean);
  return field.dataset.type === "upper" ? value.toUpperCase() : value;
}

// 1/5/1951 is 1951-05-01; what is no date goes as it is, and the gateway says so.
function dateOf(value) {
  const parts = /^(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})$/.exec(value);
  if (!parts) return value;
  return `${parts[3]}-${parts[2].padStart(2, "0")}-${parts[1].padStart(2, "0")}`;
}

// Says what came of an act, where the person is looking; "" takes it away.
export function say(place, words, level = "alarm") {
  if (!place) return;
  place.textContent = words;
  place.hidden = words === "";
  place.className = `said said--${level}`;
}

export function wordsOf(answer) {
  const { title, detail, what_next: next } = answer.body ?? {};
  return [title ?? "It did not work", detail, next].filter(Boolean).join(". ").replace(/\.\./g, ".");
}

// One act at a time for each form: a second click before the answer does nothing.
export async function perform(form, submitter, extra = {}) {
  if (form.dataset.busy) return null;
  form.dataset.busy = "yes";
  form.setAttribute("aria-busy", "true");
  const body = { ...bodyOf(form, submitter), ...extra };
  const answer = await send(form.dataset.method ?? "POST", form.dataset.url, body, headersOf(form));
  delete form.dataset.busy;
  form.removeAttribute("aria-busy");
  if (answer.ok) {
    delete form.dataset.key;
    if (!form.dataset.keeps) clear(form);
  }
  return answer;
}

// The same key until the act was done: sending it again after a lost answer makes no second one.
function headersOf(form) {
  if (!form.dataset.once) return {};
  form.dataset.key ??= crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  return { "Idempotency-Key": form.dataset.key };
}

function clear(form) {
  for (const field of form.elements) {
    if (field.dataset?.keep) forget(field.dataset.keep);
    if (field.tagName === "TEXTAREA" || (field.tagName === "INPUT" && field.type !== "hidden" && field.type !== "radio")) {
      field.value = "";
      field.dispatchEvent(new Event("cleared", { bubbles: true }));
    }
  }
}
