// What every live page does by itself: the banner, being on duty, the sound, the strip of waiting
// calls, receipts of what was shown, running times, and keeping what is typed.

import { repaint, since } from "./clock.js";
import { post } from "./http.js";
import * as notes from "./notes.js";
import { isUnlocked, lock, ring, unlock } from "./ring.js";
import * as states from "./states.js";
import { stream } from "./stream.js";

const desk = document.body.dataset.desk === "yes";
const dutyButton = document.getElementById("duty");
const strip = document.getElementById("waiting");
const announce = document.getElementById("announce");
const rungFor = new Map();

function waiting() {
  return [...stream.alarms.values()]
    .filter((one) => one.state === "open" && one.lane !== "technical")
    .sort((a, b) => (a.alarm_at < b.alarm_at ? -1 : 1));
}

// -- being on duty

function paintDuty() {
  paintStrip();
  if (dutyButton) dutyButton.textContent = stream.on ? "Go off duty" : "Go on duty";
  document.documentElement.dataset.sound = stream.sound ? "on" : "off";
  document.documentElement.dataset.onDuty = stream.on ? "yes" : "no";
  states.paint();
}

async function goOn() {
  const heard = await unlock();
  stream.tab(heard);
  const answer = await post("/api/v1/duty", { on: true, sound: heard });
  if (!answer.ok) return say(answer);
  stream.setDuty(true);
}

async function goOff() {
  const answer = await post("/api/v1/duty", { on: false, sound: false });
  if (!answer.ok) return say(answer);
  stream.setDuty(false);
  await lock();
  stream.tab(false);
}

function say(answer) {
  announce.textContent = `${answer.body?.title ?? "It did not work"}. ${answer.body?.what_next ?? ""}`;
  announce.classList.remove("hidden-visually");
}

dutyButton?.addEventListener("click", () => (stream.on ? goOff() : goOn()));

async function soundOn() {
  stream.tab(await unlock());
  paintDuty();
}

document.addEventListener("sound-on", soundOn);
document.addEventListener("load-again", () => location.reload());
// On duty after a page was loaded again: the first touch of the page brings the sound back.
for (const gesture of ["pointerdown", "keydown"]) {
  document.addEventListener(gesture, () => desk && stream.on && !isUnlocked() && soundOn(), true);
}

// -- the strip

function paintStrip() {
  if (!strip) return;
  const calls = waiting();
  strip.hidden = !stream.loaded;
  const words = document.getElementById("waiting-words");
  const count = calls.length;
  const said = count === 0 ? "No calls waiting" : `${count} ${count === 1 ? "call" : "calls"} waiting`;
  if (words.textContent !== said) words.textContent = said;
  paintOldest(calls);
  const names = stream.duty.map((one) => one.name);
  const { you } = document.body.dataset;
  if (stream.on && !names.includes(you)) names.push(you); // the gateway tells it within two seconds
  document.getElementById("on-duty").textContent =
    names.length > 0 ? `On duty: ${names.join(", ")}` : "Nobody is on duty";
}

function paintOldest(calls = waiting()) {
  const oldest = document.getElementById("waiting-oldest");
  if (oldest) oldest.textContent = calls[0] ? `the oldest for ${since(calls[0].alarm_at, stream.now())}` : "";
}

// What a person in front of this screen can see now, said to the gateway once it is painted.
function receipts() {
  if (!desk || !stream.on || document.visibilityState !== "visible") return;
  requestAnimationFrame(() =>
    requestAnimationFrame(() => stream.seen(waiting().map(({ id, rings }) => ({ id, rings })))),
  );
}

// -- the sound

function ringNow() {
  const calls = stream.on ? waiting() : [];
  document.documentElement.dataset.ringing = calls.length > 0 && stream.ringer ? "yes" : "no";
  if (!stream.ringer || calls.length === 0) return;
  const worst = calls.some((one) => one.lane === "life_safety") ? "life_safety" : "help";
  const last = rungFor.get("all") ?? 0;
  if (Date.now() - last < 1_900) return;
  rungFor.set("all", Date.now());
  ring(worst);
}

// -- the password once more, in place

document.getElementById("again")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = document.getElementById("again-password");
  const answer = await post("/sign-in/again", { password: field.value });
  field.value = "";
  if (answer.ok) event.target.remove();
  else document.getElementById("again-said").textContent = "That was not the password. Try again.";
});

// -- together

stream.addEventListener("reset", () => {
  paintDuty();
  receipts();
});
stream.addEventListener("alarm", ({ detail }) => {
  paintStrip();
  receipts();
  if (detail.state === "open" && detail.lane !== "technical") {
    announce.textContent = `Call for help: ${detail.what}`;
    ringNow();
  }
});
for (const name of ["duty", "states", "connection"]) {
  stream.addEventListener(name, () => {
    paintStrip();
    states.paint();
  });
}
stream.addEventListener("sound", paintDuty);
stream.addEventListener("tick", ({ detail }) => {
  repaint(detail);
  paintOldest();
  states.paint();
  if (desk) stream.tab(isUnlocked());
  ringNow();
});
document.addEventListener("visibilitychange", receipts);
for (const name of ["online", "offline"]) addEventListener(name, () => states.paint());

notes.start();
stream.start();
