// Finding a person: what is searched for is sent in a body and never stands in an address.

import { perform, say, wordsOf } from "./acts.js";

const form = document.getElementById("search");
const found = document.getElementById("found");
const said = document.getElementById("said");
const picks = found.dataset.picks === "yes";

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  event.stopPropagation();
  say(said, "");
  found.textContent = "Looking …";
  const answer = await perform(form, event.submitter);
  if (answer === null) return;
  if (!answer.ok) {
    found.textContent = "";
    say(said, wordsOf(answer));
    return;
  }
  show(answer.body);
});

function show({ persons, more }) {
  const list = document.createElement("ul");
  list.className = "rows";
  list.append(...persons.map(row));
  const words = document.createElement("p");
  words.textContent = count(persons.length, more);
  found.replaceChildren(words, list);
}

function count(number, more) {
  if (number === 0) return "Nobody found. Try fewer letters, the postcode, or the telephone number.";
  return `${number}${more ? " and more" : ""} found.${more ? " Add a word to find fewer." : ""}`;
}

function row(person) {
  const item = document.createElement("li");
  item.className = "row";
  const name = document.createElement("strong");
  name.textContent = person.name;
  const rest = document.createElement("span");
  const born = person.born ? `born ${person.born.split("-").reverse().join("/")}` : "date of birth not known";
  rest.textContent = [born, person.address, person.postcode, person.status === "home" ? "" : person.status.replace("_", " ")].filter(Boolean).join(", ");
  item.append(name, rest);
  if (picks) item.append(picker(person));
  if (person.alarm) item.append(link(person.alarm));
  return item;
}

function link(alarm) {
  const open = document.createElement("a");
  open.href = `/console/alarms/${alarm}`;
  open.textContent = "Open alarm";
  return open;
}

function picker(person) {
  const pick = document.createElement("button");
  pick.type = "button";
  pick.className = "button button--secondary";
  pick.textContent = `It is ${person.name}`;
  pick.addEventListener("click", () => {
    document.getElementById("by-hand-person").value = person.id;
    document.getElementById("picked").textContent = `The case will be ${person.name}'s.`;
    document.getElementById("by-hand-what").focus();
  });
  return pick;
}
document.documentElement.dataset.ready = "yes";
