// One stream for all tabs of a browser (a browser has six connections to a gateway; ten tabs with a
// stream each would hang the "take" button of the first). Also: which one of the tabs rings.

import { Core } from "./stream-core.js";

const GONE_MS = 150_000; // a hidden tab speaks once a minute at worst
const RINGER_MS = 5_000;
const ports = new Map();
let ringer = null;

const core = new Core((message) => tellAll(message));

function tellAll(message) {
  for (const port of ports.keys()) port.postMessage(message);
}

function chooseRinger() {
  const now = Date.now();
  for (const [port, tab] of ports) if (now - tab.at > GONE_MS) ports.delete(port);
  const mine = ports.get(ringer);
  if (mine?.sound && now - mine.at < RINGER_MS) return;
  const able = [...ports].filter(([, tab]) => tab.sound).sort((a, b) => b[1].at - a[1].at);
  const next = able[0]?.[0] ?? null;
  const sound = next !== null;
  if (next === ringer && sound === core.sound) return;
  ringer = next;
  core.duties(core.on, sound);
  for (const [port] of ports) port.postMessage({ type: "sound", sound, ringer: port === ringer });
}

function hear(port, message) {
  const tab = ports.get(port) ?? { sound: false, at: 0 };
  tab.at = Date.now();
  ports.set(port, tab);
  if (message.csrf) core.csrf = message.csrf;
  if (message.you) core.you = message.you;
  if (message.type === "hello") {
    if (message.on) core.duties(true, core.sound);
    port.postMessage({ type: "reset", state: core.state() });
    port.postMessage({ type: "sound", sound: core.sound, ringer: port === ringer });
  } else if (message.type === "tab") {
    tab.sound = message.sound;
  } else if (message.type === "duty") {
    core.duties(message.on, core.sound);
    core.dutyAt = Date.now(); // the page itself has just told the gateway
    tellAll({ type: "on", on: message.on });
  } else if (message.type === "seen") {
    core.see(message.alarms);
  } else if (message.type === "online") {
    core.wake();
  } else if (message.type === "held") {
    navigator.locks.request(message.lock, () => forget(port));
  } else if (message.type === "bye") {
    forget(port);
    return;
  }
  chooseRinger();
}

function forget(port) {
  ports.delete(port);
  if (port === ringer) ringer = null;
  chooseRinger();
}

self.addEventListener("connect", (event) => {
  const port = event.ports[0];
  port.addEventListener("message", (heard) => hear(port, heard.data));
  port.start();
});
setInterval(chooseRinger, 1_000);
core.start();
