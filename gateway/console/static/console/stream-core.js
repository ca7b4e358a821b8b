// The one connection to the gateway's stream, and what it has told so far.
//
// Contract: `alarms` is what the gateway last showed; `connection` says how far to trust it. A stream
// without a heartbeat for three intervals counts as lost, however open its socket looks. Reconnecting
// waits a random while, so that two hundred consoles do not come back in one instant; each connection
// begins with a snapshot that replaces everything, so nothing that happened meanwhile is missed.

const PATH = "/console/stream";
const SEEN_PATH = "/console/seen";
const DUTY_PATH = "/api/v1/duty";
// What a page does by itself is no sign of a person.
const BACKGROUND = { "X-Lifeline-Background": "1" };
const MISSED_BEATS = 3;
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 2_000;
const SIGNED_OUT_RETRY_MS = 5_000;
const CONNECT_MS = 6_000;
const DUTY_EVERY_MS = 30_000;
const MAX_SEEN = 100;

export class Core {
  constructor(tell) {
    this.tell = tell;
    this.alarms = new Map();
    this.duty = [];
    this.figures = {};
    this.states = { receiver: "ok", database: "ok", silent_since: null };
    this.connection = { name: "connecting", since: Date.now() };
    this.hello = null;
    this.offset = 0;
    this.heartbeatMs = 2_000;
    this.heardAt = Date.now();
    this.tries = 0;
    this.csrf = "";
    this.you = "";
    this.on = false;
    this.sound = false;
    this.dutyAt = 0;
    this.seenRings = new Map();
    this.toSee = new Map();
    this.seeing = false;
    this.wake = () => {};
    this.abort = null;
  }

  start() {
    setInterval(() => this.watch(), 500);
    self.addEventListener("online", () => this.wake());
    this.follow();
  }

  state() {
    const { duty, figures, states, connection, hello, offset, on } = this;
    return { alarms: [...this.alarms.values()], duty, figures, states, connection, hello, offset, on };
  }

  // -- connecting

  async follow() {
    for (;;) {
      const ended = await this.once();
      if (ended === "signed_out") this.turn("signed_out");
      else if (ended !== "bye" || this.tries > 0) this.turn("lost");
      const most = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.tries);
      const base = ended === "signed_out" ? SIGNED_OUT_RETRY_MS : most;
      this.tries = Math.min(this.tries + 1, 10);
      await this.pause(base * (0.5 + Math.random()));
    }
  }

  pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async once() {
    this.abort = new AbortController();
    this.status = 0;
    const slow = setTimeout(() => this.abort.abort(), CONNECT_MS);
    try {
      const answer = await fetch(PATH, {
        headers: { Accept: "text/event-stream", ...BACKGROUND },
        credentials: "same-origin",
        cache: "no-store",
        signal: this.abort.signal,
      });
      this.status = answer.status;
      if (answer.status === 401) return "signed_out";
      if (!answer.ok || !answer.body) return "refused";
      return await this.read(answer.body.pipeThrough(new TextDecoderStream()).getReader(), slow);
    } catch {
      return "broken";
    } finally {
      clearTimeout(slow);
      this.abort.abort();
    }
  }

  async read(reader, slow) {
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return "ended";
      clearTimeout(slow);
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const ended = this.take(part);
        if (ended) return ended;
      }
    }
  }

  // A socket may look open for minutes after the other side is gone: only heartbeats tell.
  watch() {
    const silentMs = Date.now() - this.heardAt;
    if (this.connection.name === "live" && silentMs > MISSED_BEATS * this.heartbeatMs) {
      this.turn("lost");
      this.abort?.abort();
    }
    this.report();
  }

  turn(name) {
    if (this.connection.name === name && (name === "live" || this.connection.status === this.status)) return;
    // Since when: the last word we had, not the moment at which we noticed.
    this.connection = { name, since: name === "live" ? Date.now() : this.heardAt, status: this.status };
    this.tell({ type: "connection", connection: this.connection });
  }

  // -- what it tells

  take(text) {
    let name = "";
    let data = "";
    for (const line of text.split("\n")) {
      if (line.startsWith("event: ")) name = line.slice(7);
      else if (line.startsWith("data: ")) data = line.slice(6);
    }
    if (!name) return "";
    this.heardAt = Date.now();
    const body = JSON.parse(data);
    if (body.now) this.offset = Date.parse(body.now) - Date.now();
    return this[`on_${name}`]?.(body) ?? "";
  }

  on_hello(body) {
    // Somebody else has signed in at this browser: their calls are not this page's to show.
    if (this.you && body.you !== this.you) return "signed_out";
    this.hello = body;
    this.heartbeatMs = body.heartbeat_s * 1000;
    return "";
  }

  on_snapshot(body) {
    this.alarms = new Map(body.alarms.map((item) => [item.id, item]));
    this.duty = body.duty;
    this.figures = body.figures;
    this.states = body.states;
    this.tries = 0;
    this.turn("live");
    this.tell({ type: "reset", state: this.state() });
  }

  on_alarm(item) {
    const known = this.alarms.get(item.id);
    if (known && item.revision < known.revision) return;
    if (item.state === "closed") {
      this.alarms.delete(item.id);
      this.seenRings.delete(item.id);
      this.toSee.delete(item.id);
    } else {
      this.alarms.set(item.id, item);
    }
    this.tell({ type: "alarm", item });
  }

  on_duty(duty) {
    this.duty = duty;
    this.tell({ type: "duty", duty });
  }

  on_figures(figures) {
    this.figures = figures;
    this.tell({ type: "figures", figures });
  }

  on_states(states) {
    this.states = states;
    this.tell({ type: "states", states });
  }

  on_beat() {
    this.tell({ type: "beat", offset: this.offset });
  }

  // Whatever went wrong between the gateway's list and ours ends here: we begin again.
  on_digest(body) {
    const ids = Object.keys(body.alarms);
    const same = ids.length === this.alarms.size &&
      ids.every((id) => this.alarms.get(id)?.revision === body.alarms[id]);
    return same ? "" : "bye";
  }

  on_signed_out() {
    return "signed_out";
  }

  on_bye() {
    return "bye";
  }

  // -- what it is told

  duties(on, sound) {
    const changed = on !== this.on || sound !== this.sound;
    this.on = on;
    this.sound = sound;
    if (changed) this.dutyAt = 0;
  }

  see(alarms) {
    for (const { id, rings } of alarms) {
      if ((this.seenRings.get(id) ?? 0) < rings) this.toSee.set(id, rings);
    }
    this.report();
  }

  async report() {
    if (this.seeing || this.connection.name !== "live") return;
    this.seeing = true;
    try {
      if (this.toSee.size > 0) await this.sendSeen();
      if (this.on && Date.now() - this.dutyAt > DUTY_EVERY_MS) {
        this.dutyAt = Date.now();
        await this.post(DUTY_PATH, { on: true, sound: this.sound });
      }
    } catch {
      // tried again within half a second
    } finally {
      this.seeing = false;
    }
  }

  async sendSeen() {
    const some = [...this.toSee].slice(0, MAX_SEEN);
    const answer = await this.post(SEEN_PATH, { alarms: some.map(([id, rings]) => ({ id, rings })) });
    if (!answer.ok && answer.status !== 403 && answer.status !== 422) return;
    for (const [id, rings] of some) {
      this.seenRings.set(id, rings);
      if (this.toSee.get(id) === rings) this.toSee.delete(id);
    }
  }

  post(path, body) {
    return fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": this.csrf, ...BACKGROUND },
      credentials: "same-origin",
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CONNECT_MS),
    });
  }
}
