// What a page knows of the gateway's stream. One object for the page; see `subscribe` and `stream`.
//
// `connection.name` is connecting, live, lost or signed_out; `connection.since` when the last word
// came. A page that has heard nothing from its worker for three heartbeats says "lost" by itself.

import { csrf } from "./http.js";
import { Core } from "./stream-core.js";

const SILENT_MS = 8_000;
const WORKER_MS = 4_000;

class Stream extends EventTarget {
  alarms = new Map();
  duty = [];
  figures = {};
  states = { receiver: "ok", database: "ok", silent_since: null };
  connection = { name: "connecting", since: Date.now() };
  release = document.body.dataset.release;
  newRelease = false;
  on = document.body.dataset.onDuty === "yes";
  sound = false; // some tab of this browser can ring
  ringer = false; // it is this one
  loaded = false; // a snapshot has come
  #offset = 0;
  #heardAt = Date.now();
  #port = null;

  now() {
    return Date.now() + this.#offset;
  }

  start() {
    if (window.SharedWorker) this.#connect();
    else this.#alone();
    setInterval(() => this.#watch(), 1_000);
    this.#hold();
    addEventListener("online", () => this.#post({ type: "online" }));
    addEventListener("pagehide", () => this.#post({ type: "bye" }));
    addEventListener("pageshow", (event) => event.persisted && this.#hello());
  }

  #connect() {
    const worker = new SharedWorker(document.body.dataset.worker, {
      type: "module",
      name: `lifeline ${document.body.dataset.you}`,
    });
    let answered = false;
    worker.addEventListener("error", () => !answered && this.#alone());
    worker.port.addEventListener("message", (event) => {
      answered = true;
      this.#hear(event.data);
    });
    worker.port.start();
    this.#port = worker.port;
    this.#hello();
    setTimeout(() => !answered && this.#alone(), WORKER_MS);
  }

  // Without a SharedWorker each tab has a stream of its own.
  #alone() {
    if (this.core) return;
    this.core = new Core((message) => this.#hear(message));
    this.core.csrf = csrf();
    this.core.you = document.body.dataset.you;
    this.core.duties(this.on, false);
    const core = this.core;
    this.#port = {
      postMessage: (message) => {
        if (message.type === "seen") core.see(message.alarms);
        if (message.type === "online") core.wake();
        if (message.type === "duty") {
          core.duties(message.on, core.sound);
          core.dutyAt = Date.now();
          this.#hear({ type: "on", on: message.on });
        }
        if (message.type === "tab") {
          core.duties(core.on, message.sound);
          this.#hear({ type: "sound", sound: message.sound, ringer: message.sound });
        }
      },
    };
    core.start();
  }

  // A tab that crashes says no "bye": the browser gives its lock to the worker instead, which then
  // knows at once that this tab will ring no more.
  #hold() {
    const lock = `lifeline-tab-${Date.now()}-${Math.random()}`;
    navigator.locks?.request(lock, () => {
      this.#post({ type: "held", lock });
      return new Promise(() => {});
    });
  }

  #hello() {
    this.#post({ type: "hello", csrf: csrf(), you: document.body.dataset.you, on: this.on });
  }

  #post(message) {
    this.#port?.postMessage(message);
  }

  seen(alarms) {
    if (alarms.length > 0) this.#post({ type: "seen", alarms });
  }

  tab(sound) {
    this.#post({ type: "tab", sound });
  }

  setDuty(on) {
    this.#post({ type: "duty", on });
  }

  #watch() {
    const now = Date.now();
    if (this.connection.name === "live" && now - this.#heardAt > SILENT_MS) {
      this.#turn({ name: "lost", since: this.#heardAt });
    }
    this.#say("tick", this.now());
  }

  #turn(connection) {
    this.connection = connection;
    document.documentElement.dataset.connection = connection.name;
    this.#say("connection", connection);
  }

  #say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #hear(message) {
    this.#heardAt = Date.now();
    this[`_${message.type}`]?.(message);
  }

  _reset({ state }) {
    this.alarms = new Map(state.alarms.map((item) => [item.id, item]));
    this.duty = state.duty;
    this.figures = state.figures;
    this.states = state.states;
    this.#offset = state.offset;
    this.loaded ||= state.connection.name === "live";
    this.newRelease = Boolean(state.hello) && state.hello.release !== this.release;
    if (state.on !== this.on) this._on({ on: state.on || this.on });
    this.#turn(state.connection);
    this.#say("reset", state);
  }

  _alarm({ item }) {
    const known = this.alarms.get(item.id);
    if (known && item.revision < known.revision) return;
    if (item.state === "closed") this.alarms.delete(item.id);
    else this.alarms.set(item.id, item);
    this.#say("alarm", item);
  }

  _duty({ duty }) {
    this.duty = duty;
    this.#say("duty", duty);
  }

  _figures({ figures }) {
    this.figures = figures;
    this.#say("figures", figures);
  }

  _states({ states }) {
    this.states = states;
    this.#say("states", states);
  }

  _connection({ connection }) {
    this.#turn(connection);
  }

  _beat({ offset }) {
    this.#offset = offset;
    if (this.connection.name === "lost" && !this.core) this.#turn({ name: "live", since: Date.now() });
  }

  _on({ on }) {
    this.on = on;
    this.#say("sound", null);
  }

  _sound({ sound, ringer }) {
    this.sound = sound;
    this.ringer = ringer;
    this.#say("sound", null);
  }
}

export const stream = new Stream();

export const now = () => stream.now();

// Calls `snapshot(items)`, `item(item)`, `gone(id)`, `state(name, detail)`, `duty(list)` and
// `figures(figures)` as news comes; whoever subscribes late gets the present ones at once.
export function subscribe(handlers) {
  const listening = {
    reset: () => {
      handlers.snapshot?.([...stream.alarms.values()]);
      handlers.duty?.(stream.duty);
      handlers.figures?.(stream.figures);
    },
    alarm: ({ detail }) => {
      if (detail.state === "closed") handlers.gone?.(detail.id, detail);
      else handlers.item?.(detail);
    },
    duty: ({ detail }) => handlers.duty?.(detail),
    figures: ({ detail }) => handlers.figures?.(detail),
    connection: ({ detail }) => handlers.state?.(detail.name, detail),
    states: ({ detail }) => handlers.state?.(detail.receiver === "blind" ? "blind" : "sees", detail),
  };
  for (const [name, hear] of Object.entries(listening)) stream.addEventListener(name, hear);
  if (stream.loaded) listening.reset();
  return () => {
    for (const [name, hear] of Object.entries(listening)) stream.removeEventListener(name, hear);
  };
}
