// Times as people read them. All functions are pure; `nowMs` is the server's time (stream.js).

const ZONE = "Europe/London";
const clock = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, weekday: "short", day: "numeric", month: "short" });

export function local(iso) {
  return clock.format(new Date(iso));
}

export function localWithDay(iso, nowMs = Date.now()) {
  const at = new Date(iso);
  const today = day.format(at) === day.format(new Date(nowMs));
  return today ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
}

// A length of time with two units at most: "3 min 10 s".
export function span(ms) {
  const whole = Math.max(0, Math.floor(ms / 1000));
  const parts = [
    [Math.floor(whole / 86400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

export function since(iso, nowMs) {
  return span(nowMs - Date.parse(iso));
}

export function countdown(iso, nowMs) {
  const left = Date.parse(iso) - nowMs;
  return left > 0 ? `in ${span(left + 999)}` : `${span(-left)} ago`;
}

// Repaints <time datetime data-since> and <time datetime data-countdown>.
export function repaint(nowMs, root = document) {
  for (const one of root.querySelectorAll("time[data-since], time[data-countdown]")) {
    const words = "since" in one.dataset ? since(one.dateTime, nowMs) : countdown(one.dateTime, nowMs);
    if (one.textContent !== words) one.textContent = words;
  }
}
