// Pages with forms of their own: act, then say it, go on to what was made, or read the page again.

import { repaint } from "../console/clock.js";
import { now } from "../console/stream.js";
import { perform, say, wordsOf } from "./acts.js";

const said = document.getElementById("said");

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.classList?.contains("act") || form.id === "search") return;
  event.preventDefault();
  say(said, "");
  const answer = await perform(form, event.submitter);
  if (answer === null) return;
  if (!answer.ok) {
    say(said, wordsOf(answer));
    said.scrollIntoView({ block: "nearest" });
    return;
  }
  if (form.dataset.goes) location.assign(`/console/alarms/${answer.body[form.dataset.goes]}`);
  else if (form.dataset.reloads) location.reload();
  else if (form.dataset.says) say(said, form.dataset.says, "done");
});

for (const button of document.querySelectorAll("[data-pick-call]")) {
  button.addEventListener("click", () => {
    document.getElementById("by-hand-call").value = button.dataset.pickCall;
    document.getElementById("by-hand-number").value = button.dataset.number;
    document.getElementById("by-hand-what").focus();
  });
}
repaint(now());
document.documentElement.dataset.ready = "yes";
