const desk = document.getElementById("desk");
const token = desk.dataset.token;
const sentences = JSON.parse(desk.dataset.sentences);
const $ = name => document.getElementById(name);
const field = $("reading");
let items = [];
let place = 0;
let doubted = null;
const said = [];
// Answers are sent one after the other, while the next picture is already shown.
let sending = Promise.resolve();

const say = (sentence, values = {}) =>
  sentences[sentence].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

function picture(item, part) {
  return `/picture?token=${token}&part=${part}&name=${encodeURIComponent(item.name)}`;
}

function note(text, isWrong = false) {
  $("note").textContent = text;
  $("note").classList.toggle("wrong", isWrong);
}

function show() {
  const item = items[place];
  document.querySelector(".sheet").hidden = !item;
  $("left").textContent = item ? say("{left} left", {left: items.length - place}) : say("All done.");
  doubted = null;
  if (!item) return;
  $("when").textContent = `${item.when} · ${item.register}`;
  $("window").src = picture(item, "window");
  $("frame").src = picture(item, "frame");
  $("quality").textContent = item.words;
  $("why").textContent = item.why;
  $("mark").className = item.quality;
  for (const name of ["before", "after", "key"]) $(name).textContent = item[name] || "–";
  $("candidates").replaceChildren(...item.candidates.map(([text, share]) => {
    const row = document.createElement("tr");
    for (const [kind, value] of [["th", text], ["td", `${share} %`]]) {
      row.append(Object.assign(document.createElement(kind), {textContent: value}));
    }
    return row;
  }));
  field.value = item.value;
  field.maxLength = item.digits + 4;
  field.focus();
  field.select();
  if (items[place + 1]) new Image().src = picture(items[place + 1], "window");
}

async function send(path, body) {
  const answer = await fetch(path, {method: "POST", headers: {"X-Token": token}, body: JSON.stringify(body)});
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

function fits(item, text) {
  const isWhole = /^\d+$/.test(text) && text.length === item.digits;
  const units = isWhole ? Number(text) : Number(text.replace(",", ".")) * 10 ** item.decimals;
  if (Number.isNaN(units)) return true;
  return (!item.before || units >= Number(item.before)) && (!item.after || units <= Number(item.after));
}

function accept() {
  const item = items[place];
  const text = field.value.trim();
  if (!item || !text) return;
  if (!fits(item, text) && doubted !== text) {
    doubted = text;
    note(say("Not between {before} and {after}: press Enter again if the picture shows it.", item), true);
    return;
  }
  const at = place;
  said.push(item);
  item.value = text;
  place += 1;
  show();
  sending = sending.then(() => send("/set", {name: item.name, reading: text})).then(
    told => note(`${item.when}: ${told.reading} kWh, ${say("kept")}`),
    error => {
      said.splice(said.indexOf(item), 1);
      place = at;
      show();
      note(`${say("not kept")}: ${error.message}`, true);
    },
  );
}

function undo() {
  const item = said.pop();
  if (!item) return note(say("nothing to take back"));
  place = items.indexOf(item);
  show();
  sending = sending.then(() => send("/undo", {name: item.name})).then(
    () => note(`${item.when}: ${say("taken back")}`),
    error => note(error.message, true),
  );
}

function go(step) {
  place = Math.min(Math.max(place + step, 0), items.length);
  show();
  note("");
}

$("answer").addEventListener("submit", event => {
  event.preventDefault();
  accept();
});
$("skip").addEventListener("click", () => go(1));
$("back").addEventListener("click", () => go(-1));
$("undo").addEventListener("click", undo);
const keys = {s: () => go(1), b: () => go(-1), u: undo};
document.addEventListener("keydown", event => {
  const act = !event.ctrlKey && !event.metaKey && !event.altKey && keys[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});

fetch(`/queue?token=${token}`).then(async answer => {
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  items = told.items;
  show();
}).catch(error => {
  $("left").textContent = error.message;
}).finally(() => {
  document.documentElement.dataset.drawn = "review";
});
