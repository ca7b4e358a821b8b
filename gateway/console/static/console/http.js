// Requests to the gateway. Contract: never throws; what went wrong stands in `body` as words with
// what to do next, so that the page can say it where the person is looking.

const TIMEOUT_MS = 12_000;
const AGAIN = "/sign-in/again"; // where 401 means: not the password
const UNREACHED = {
  title: "The gateway cannot be reached",
  detail: "no answer came, so nothing is known to be kept",
  what_next: "Wait until the connection is back, look at the record again, and use the telephone.",
};

export function csrf() {
  return document.querySelector('meta[name="csrf"]')?.content ?? "";
}

export async function send(method, path, body, more = {}) {
  const headers = { Accept: "application/json", "X-CSRF-Token": csrf(), ...more };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return request(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

export const post = (path, body) => send("POST", path, body);
export const get = (path) => request(path, { headers: { Accept: "application/json" } });

export async function getHtml(path) {
  const answer = await request(path, { headers: { Accept: "text/html" } }, true);
  return { ...answer, text: answer.ok ? answer.body : "" };
}

async function request(path, options, asText = false) {
  try {
    const answer = await fetch(path, {
      ...options,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.status === 401 && path !== AGAIN) document.dispatchEvent(new CustomEvent("signed-out"));
    const isJson = (answer.headers.get("content-type") ?? "").includes("json");
    const body = isJson ? await answer.json() : asText ? await answer.text() : null;
    return { ok: answer.ok, status: answer.status, body };
  } catch {
    return { ok: false, status: 0, body: UNREACHED };
  }
}
