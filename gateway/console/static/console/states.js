// The banner: everything this console knows about how far it can be trusted, in words, worst first.

import { local, span } from "./clock.js";
import { stream } from "./stream.js";

const desk = document.body.dataset.desk === "yes";
let signedOut = false;

document.addEventListener("signed-out", () => {
  signedOut = true;
  paint();
});

// Gives [key, level, words, action]; `action` is {words, href} or {words, press} or null.
function lines() {
  const { connection, states } = stream;
  const found = [];
  const old = connection.name === "lost" || connection.name === "connecting";
  const lostMs = Date.now() - connection.since;
  if (signedOut || connection.name === "signed_out") {
    found.push(["signed_out", "alarm", "YOU ARE SIGNED OUT. Calls are not shown here. What you typed stays on this page.", { words: "Sign in again in another tab", href: "/sign-in", tab: true }]);
  } else if (!navigator.onLine && connection.name !== "live") {
    found.push(["offline", "alarm", `THIS COMPUTER IS OFFLINE for ${span(lostMs)}. What you see may be old. Use the telephone.`, null]);
  } else if (connection.name === "lost" && connection.status === 503) {
    found.push(["database", "alarm", `THE DATABASE DOES NOT ANSWER for ${span(lostMs)}. Calls cannot be shown. Use the telephone.`, null]);
  } else if (connection.name === "lost") {
    found.push(["lost", "alarm", `CONNECTION LOST for ${span(lostMs)}. What you see may be old. Use the telephone.`, null]);
  } else if (connection.name === "connecting" && lostMs > 2_000) {
    found.push(["connecting", "warning", "Connecting …", null]);
  }
  if (!old && states.database === "silent") {
    const from = states.silent_since ? ` since ${local(states.silent_since)}` : "";
    found.push(["database", "alarm", `THE DATABASE DOES NOT ANSWER${from}. New calls cannot be shown. Use the telephone.`, null]);
  }
  if (!old && states.receiver === "blind") {
    found.push(["receiver", "alarm", "RECEIVER BLIND: no calls for help are being received here. Tell the engineer on call.", null]);
  }
  if (desk && stream.on && !stream.sound) {
    found.push(["sound", "alarm", "SOUND OFF: you will not hear a call.", { words: "Turn the sound on", press: "sound-on" }]);
  }
  if (desk && !old && stream.loaded && stream.duty.length === 0 && !stream.on) {
    found.push(["nobody", "alarm", "NOBODY IS ON DUTY. Calls go to the supervisor’s telephone.", null]);
  }
  if (stream.newRelease) {
    found.push(["release", "info", "A new version is ready. Load the page again between two calls.", { words: "Load it now", press: "load-again" }]);
  }
  return found;
}

// Only what changed is touched: a screen reader says a new line once, not each second.
export function paint() {
  const list = document.getElementById("states");
  if (!list) return;
  const wanted = lines();
  const keys = new Set(wanted.map(([key]) => key));
  for (const one of [...list.children]) if (!keys.has(one.dataset.key)) one.remove();
  wanted.forEach(([key, level, words, action], place) => {
    let one = [...list.children].find((element) => element.dataset.key === key);
    if (!one) {
      one = make(key, level, action);
      list.insertBefore(one, list.children[place] ?? null);
    }
    const said = one.querySelector(".state__words");
    if (said.textContent !== words) said.textContent = words;
  });
  document.documentElement.dataset.states = wanted.map(([key]) => key).join(" ");
}

function make(key, level, action) {
  const one = document.createElement("li");
  one.className = `state state--${level}`;
  one.dataset.key = key;
  const mark = document.createElement("span");
  mark.className = "state__mark";
  mark.ariaHidden = "true";
  mark.textContent = level === "alarm" ? "!" : "i";
  const said = document.createElement("span");
  said.className = "state__words";
  // The seconds that run in a line must not be read out each time.
  if (key === "lost" || key === "offline") said.setAttribute("aria-live", "off");
  one.append(mark, said);
  if (action) one.append(actionOf(action));
  return one;
}

function actionOf(action) {
  if (action.href) {
    const link = document.createElement("a");
    link.href = action.href;
    if (action.tab) link.target = "_blank";
    link.textContent = action.words;
    return link;
  }
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--secondary";
  button.textContent = action.words;
  button.addEventListener("click", () => document.dispatchEvent(new CustomEvent(action.press)));
  return button;
}
