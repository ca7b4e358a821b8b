// One case: its forms act at once, what changes is put in place without touching what is typed.

import { getHtml, send } from "../console/http.js";
import { repaint } from "../console/clock.js";
import { now, stream, subscribe } from "../console/stream.js";
import { perform, say, wordsOf } from "./acts.js";

const root = document.getElementById("case");
const alarm = root.dataset.alarm;
const you = root.dataset.you;
const said = document.getElementById("said");
const SAVE_AFTER_MS = 800;
const SAVE_AGAIN_MS = 5_000;
let shown = Number(root.dataset.revision);
let refreshing = null;
let wanted = 0;
let mine = document.getElementById("who-has-it")?.textContent === "You have it";

// -- what changes

export function refresh() {
  refreshing ??= readAgain().then((read) => {
    refreshing = null;
    // What came while we read is read too; what could not be read waits for the next word.
    if (read && wanted > shown) refresh();
  });
  return refreshing;
}

async function readAgain() {
  const answer = await getHtml(`/console/alarms/${alarm}?live=true`);
  if (!answer.ok) return false;
  const fresh = new DOMParser().parseFromString(answer.text, "text/html");
  shown = Math.max(shown, Number(fresh.body.dataset.revision));
  for (const region of fresh.querySelectorAll("[data-region]")) put(region);
  repaint(now());
  tellWhoHasIt();
  return true;
}

// Puts new contents into a region; keeps the focus, what is typed, chosen and folded open.
function put(region) {
  const place = document.querySelector(`#main [data-region="${region.dataset.region}"], .l-aside [data-region="${region.dataset.region}"]`);
  if (!place || place.fresh === region.innerHTML) return;
  place.fresh = region.innerHTML;
  const focus = place.contains(document.activeElement) ? document.activeElement : null;
  const kept = [...place.querySelectorAll("input[id]:not([type=hidden]), textarea[id], select[id]")].map(stateOf);
  const folds = new Map([...place.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
  place.replaceChildren(...[...region.childNodes].map((node) => document.adoptNode(node.cloneNode(true))));
  fill(place);
  for (const state of kept) restore(place, state);
  for (const [id, open] of folds) {
    const fold = find(place, id);
    if (fold) fold.open = open;
  }
  if (focus) giveBack(place, focus);
}

// What was read of the person when the page was opened stands ready in templates: a refresh reads no
// card again.
function fill(place) {
  for (const empty of place.querySelectorAll("[data-from]")) {
    const source = document.getElementById(empty.dataset.from);
    if (source && !empty.hasChildNodes()) empty.append(source.content.cloneNode(true));
  }
}

function stateOf(field) {
  const dirty = field.tagName === "SELECT" ? !field.selectedOptions[0]?.defaultSelected : field.value !== field.defaultValue;
  return { id: field.id, value: field.value, dirty };
}

function restore(place, state) {
  const field = find(place, state.id);
  if (!field || !state.dirty) return;
  if (field.tagName !== "SELECT" || [...field.options].some((one) => one.value === state.value)) field.value = state.value;
}

function giveBack(place, focus) {
  const target = focus.id ? find(place, focus.id) : null;
  if (target && !target.disabled) target.focus({ preventScroll: true });
  else document.getElementById("main").focus({ preventScroll: true });
}

function find(place, id) {
  return place.querySelector(`#${CSS.escape(id)}`);
}

function tellWhoHasIt() {
  const words = document.getElementById("who-has-it")?.textContent ?? "";
  const has = words === "You have it";
  if (mine && !has && words !== "") {
    say(said, words === "Nobody has it" ? "This case went back to the queue: nobody has it now. Take it again if you are still working on it." : `${words} now: it was handed over.`);
  }
  mine = has;
}

subscribe({
  snapshot: (items) => news(items.find((item) => item.id === alarm)),
  item: news,
  gone: (id) => id === alarm && refresh(),
});

function news(item) {
  if (item?.id !== alarm || item.revision <= shown) return;
  wanted = item.revision;
  refresh();
}

// -- acts

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.classList?.contains("act")) return;
  event.preventDefault();
  const before = steps().length;
  const answers = form.dataset.answer === "yes";
  const answer = await perform(form, event.submitter, answers ? { given_by: giver() } : {});
  if (answer === null) return;
  if (!answer.ok) {
    say(said, wordsOf(answer));
    said.scrollIntoView({ block: "nearest" });
    if (answer.status === 409) {
      await refresh();
      tellWhatCame(before, wordsOf(answer));
    }
    return;
  }
  say(said, "");
  if (form.dataset.reloads) return location.reload();
  if (form.dataset.shows) document.getElementById(form.dataset.shows).textContent = answer.body.code;
  await refresh();
});

// What was decided while somebody was about to act: the countdown that ended, the colleague's act.
function tellWhatCame(before, refused) {
  const after = steps();
  const came = after
    .slice(0, after.length - before)
    .map((one) => one.querySelector(".why__says")?.textContent.trim())
    .filter((words) => words && !/Refused|Noted, nothing else/.test(words));
  if (came.length > 0) say(said, `${refused} While you were doing this: ${came.reverse().join(" ")}`);
}

// The newest first.
function steps() {
  return [...document.querySelectorAll("#why-list > li")];
}

function giver() {
  return root.querySelector('input[name="given_by"]:checked')?.value ?? "patient";
}

// Calling somebody is recorded when the link is followed: the telephone program does the rest.
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-calls]");
  if (!link) return;
  const answer = await send("POST", `/api/v1/alarms/${alarm}/events`, { do: "call", to: link.dataset.calls, text: link.dataset.words });
  if (!answer.ok) say(said, wordsOf(answer));
  await refresh();
});

// -- keys: 1, 2, 3 … answer the question that has the focus, and go to the next one

document.addEventListener("keydown", (event) => {
  const group = event.target.closest?.(".question");
  if (!group || event.ctrlKey || event.metaKey || event.altKey || !/^[1-9]$/.test(event.key)) return;
  const button = group.querySelectorAll("button.answer")[Number(event.key) - 1];
  if (!button || button.disabled) return;
  event.preventDefault();
  const all = [...document.querySelectorAll(".question")].filter((one) => one.closest("details")?.open);
  const next = all.slice(all.indexOf(group) + 1).find((one) => !one.classList.contains("question--done"));
  button.click();
  (next?.querySelector("button.answer") ?? button).focus();
});

// -- what is typed is kept at the gateway while it is typed

for (const field of document.querySelectorAll("[data-draft]")) keep(field);

function keep(field) {
  const place = document.getElementById("note-kept");
  let timer = null;
  let kept = field.value;
  const save = async () => {
    const text = field.value;
    if (text === kept) return;
    const answer = await send("PUT", `/api/v1/drafts/${alarm}/${field.dataset.draft}`, { text });
    if (answer.ok) kept = text;
    place.textContent = answer.ok ? (text ? "Kept at the gateway" : "") : "Not kept at the gateway yet; it stays here and is tried again";
    if (!answer.ok || field.value !== kept) later(answer.ok ? SAVE_AFTER_MS : SAVE_AGAIN_MS);
  };
  const later = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(save, ms);
  };
  field.addEventListener("input", () => later(SAVE_AFTER_MS));
  field.addEventListener("cleared", () => later(0));
  if (field.value !== field.defaultValue) later(SAVE_AFTER_MS);
}

// A link of the brief leads to its source: folded things open, and the source takes the focus.
function toSource() {
  const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
  if (target) target.focus();
}
addEventListener("hashchange", toSource);
stream.addEventListener("connection", () => stream.connection.name === "live" && refresh());
document.documentElement.dataset.ready = "yes";
