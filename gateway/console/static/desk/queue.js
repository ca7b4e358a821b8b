// The queue: three lanes painted from the stream. Rows keep their focus while others come and go.

import { countdown, local, localWithDay, since } from "../console/clock.js";
import { post } from "../console/http.js";
import { sync } from "../console/list.js";
import { stream, subscribe } from "../console/stream.js";
import { say, wordsOf } from "./acts.js";

const LANES = ["life_safety", "help", "technical"];
const root = document.getElementById("queue");
const you = root.dataset.you;
const said = document.getElementById("queue-said");
// Of what happens by itself a row shows the next thing, and the next of these: they send somebody.
const GRAVE = new Set(["fall_voice", "seizure", "confusion", "ladder_999", "ring_back", "long_lie", "refer"]);
const SOON_MS = 60_000;
const LATE_MS = 180_000;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Says its words from the first paint on; the foundation runs them on each second.
function time(iso, kind) {
  const words = kind === "since" ? since : countdown;
  const made = element("time", "", words(iso, stream.now()));
  made.dateTime = iso;
  made.dataset[kind] = "";
  return made;
}

// -- one row

function make(item) {
  const row = element("li", "");
  const mark = element("div", "row__mark");
  mark.append(element("span", "tag row__has"), element("span", "row__kpi"));
  const body = element("div", "row__body");
  const title = element("a", "row__title");
  title.href = `/console/alarms/${item.id}`;
  const clocks = element("p", "row__clocks");
  body.append(title, element("p", "row__where"), clocks, element("ul", "flags"), element("p", "row__next"));
  const take = element("button", "button button--primary row__take", "Take");
  take.type = "button";
  take.addEventListener("click", () => takeIt(item.id, take));
  row.append(mark, body, take);
  update(row, item);
  return row;
}

function update(row, item) {
  row.className = `row row--${item.lane}`;
  row.item = item;
  set(row.querySelector(".row__title"), `${item.what}: ${item.who}`);
  set(row.querySelector(".row__where"), item.where);
  paintHas(row, item);
  paintClocks(row, item);
  paintFlags(row, item);
  paintNext(row, item);
  paintKpi(row);
}

function paintHas(row, item) {
  const has = row.querySelector(".row__has");
  const mine = item.taken_by === you;
  has.className = `tag row__has tag--${item.taken_by === null ? "red" : mine ? "green" : "blue"}`;
  set(has, item.taken_by === null ? "Nobody has it" : mine ? "You have it" : `${item.taken_by} has it`);
  const take = row.querySelector(".row__take");
  take.hidden = item.taken_by !== null;
  take.setAttribute("aria-label", `Take: ${item.what}, ${item.who}`);
}

function paintClocks(row, item) {
  const clocks = row.querySelector(".row__clocks");
  const key = [item.alarm_at, item.pressed_at, item.on_floor_since].join();
  if (clocks.dataset.key === key) return;
  clocks.dataset.key = key;
  const parts = [`Called ${localWithDay(item.alarm_at, stream.now())}, `, time(item.alarm_at, "since"), " ago"];
  if (item.pressed_at) parts.push(`; pressed ${local(item.pressed_at)}`);
  if (item.on_floor_since) {
    const floor = element("strong", "row__floor");
    floor.append("; on the floor for ", time(item.on_floor_since, "since"));
    parts.push(floor);
  }
  clocks.replaceChildren(...parts);
}

function paintFlags(row, item) {
  const list = row.querySelector(".flags");
  const wanted = JSON.stringify(item.flags);
  if (list.dataset.key === wanted) return;
  list.dataset.key = wanted;
  list.hidden = item.flags.length === 0;
  list.replaceChildren(...item.flags.map((flag) => element("li", `tag tag--${flag.level}`, flag.words)));
}

function paintNext(row, item) {
  const next = row.querySelector(".row__next");
  const [first, ...rest] = item.steps;
  const steps = [first, rest.find((step) => GRAVE.has(step.kind)) ?? rest[0]].filter(Boolean);
  next.hidden = steps.length === 0;
  const key = steps.map((step) => `${step.kind} ${step.due_at}`).join();
  if (next.dataset.key === key) return;
  next.dataset.key = key;
  const said = steps.flatMap((step) => ["; ", time(step.due_at, "countdown"), `: ${step.words}`]);
  next.replaceChildren("By itself ", ...said.slice(1));
}

// Answered or not, and how late: the words say what the colour says.
function paintKpi(row) {
  const { item } = row;
  const place = row.querySelector(".row__kpi");
  place.hidden = item.lane === "technical";
  const called = Date.parse(item.alarm_at);
  const waited = (item.answered_at ? Date.parse(item.answered_at) : stream.now()) - called;
  const level = waited <= SOON_MS ? "ok" : waited <= LATE_MS ? "warn" : "late";
  place.dataset.level = level;
  const what = item.speech ? "spoken to" : "taken";
  const bound = level === "ok" ? "within 60 s" : level === "warn" ? "after 60 s" : "after 3 min";
  const waiting = { ok: "under 60 s", warn: "over 60 s", late: "over 3 min" }[level];
  set(place, item.answered_at ? `${what} ${bound}` : `not ${what}: ${waiting}`);
}

// -- taking

async function takeIt(id, button) {
  button.disabled = true;
  const answer = await post(`/api/v1/alarms/${id}/events`, { do: "take" });
  button.disabled = false;
  if (answer.ok) {
    location.assign(`/console/alarms/${id}`);
    return;
  }
  say(said, answer.status === 409 ? answer.body.detail : wordsOf(answer));
}

// -- the lanes

function paint() {
  document.getElementById("queue-loading").hidden = true;
  const items = [...stream.alarms.values()].sort(inOrder);
  for (const lane of LANES) {
    const section = document.getElementById(`lane-${lane}`);
    const mine = items.filter((item) => item.lane === lane);
    section.hidden = mine.length === 0;
    set(section.querySelector(".lane__count"), `(${mine.length})`);
    sync(section.querySelector(".rows"), mine, (item) => item.id, make, update);
  }
  document.getElementById("queue-empty").hidden = items.some((item) => item.lane !== "technical");
}

function inOrder(a, b) {
  for (const [place, value] of a.order.entries()) {
    if (value !== b.order[place]) return value - b.order[place];
  }
  return a.id < b.id ? -1 : 1;
}

function figures(kpi) {
  if (kpi.spoke_60_level === undefined) return;
  for (const name of ["60", "180"]) {
    const place = document.getElementById(`kpi-${name}`);
    const share = kpi[`spoke_${name}_pct`];
    const level = kpi[`spoke_${name}_level`];
    place.dataset.level = level;
    set(place.querySelector(".kpi__figure"), share === null ? "–" : `${share} %`);
    const words = { ok: "on target: ", late: "below target: ", none: "nothing to judge yet; target: " };
    set(place.querySelector(".kpi__target"), `${words[level]}${name === "60" ? "97.5" : "99"} %`);
  }
  set(document.querySelector("#kpi-calls .kpi__figure"), String(kpi.calls));
  followUps(kpi.follow_ups, kpi.follow_up_at);
}

function followUps(count, firstAt) {
  document.getElementById("queue-follow-ups").hidden = !count;
  set(document.getElementById("follow-ups-count"), `${count} ${count === 1 ? "follow-up" : "follow-ups"}`);
  const place = document.getElementById("follow-ups-at");
  if (firstAt && place.dataset.at !== firstAt) place.replaceChildren(time(firstAt, "countdown"));
  place.dataset.at = firstAt ?? "";
}

subscribe({ snapshot: paint, item: paint, gone: paint, figures });
stream.addEventListener("tick", () => {
  for (const row of root.querySelectorAll(".row")) if (row.item) paintKpi(row);
});
