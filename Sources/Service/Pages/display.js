// The cardholder's side of the counter: shows what the terminal says and sends back what is pressed, typed or signed. Never a PIN.
import { showKeyboard } from "./keyboard.js";

const byId = (id) => document.getElementById(id);
/** Drawn by the style sheet where there is no letter for it. */
const signs = { incorrectPIN: "⌨", enterPIN: "⌨", lastPINTry: "⌨", approved: "✓", declined: "✕", cancelled: "✕", notCompleted: "!" };
const pins = ["enterPIN", "incorrectPIN", "lastPINTry"];
const texts = await (await fetch("/texts")).json();

let shown = null;
let strokes = [];
const word = (key) => (texts[shown?.language] ?? texts.en)[key];

/** Whatever is answered belongs to the screen that it was asked on, and is answered once. */
async function answer(what) {
  const screen = shown.screen;
  for (const button of document.querySelectorAll("button")) button.disabled = true;
  try {
    await fetch("/answer", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ screen, ...what }) });
  } catch {
    away(true);
  }
}

function show(message) {
  shown = message;
  document.documentElement.lang = message.language;
  byId("screen").dataset.prompt = message.prompt;
  byId("sign").textContent = signs[message.prompt] ?? "";
  const [head, ...rest] = message.text.split("\n");
  byId("head").textContent = head;
  byId("text").textContent = rest.join("\n");
  byId("hint").textContent = pins.includes(message.prompt) ? word("page.pin") : message.signature ? word("page.sign") : "";
  showItems(message.items);
  showPaper(Boolean(message.signature));
  showEntry(message.entry);
  byId("buttons").replaceChildren(...message.buttons.map((text) => {
    const button = document.createElement("button");
    button.textContent = text;
    button.onclick = () => answer({ pressed: text });
    return button;
  }));
  const first = byId("entry").hidden ? byId("buttons").querySelector("button") : byId("typed");
  first?.focus();
}

function showItems(items) {
  const table = byId("items");
  table.hidden = !items;
  if (!items) return;
  const row = (left, middle, right) => {
    const line = document.createElement("tr");
    for (const text of [left, middle, right]) line.insertCell().textContent = text ?? "";
    return line;
  };
  table.tBodies[0].replaceChildren(...items.lines.map((line) =>
    row(line.description, line.quantity ? `${line.quantity}${line.unitPrice ? ` × ${line.unitPrice}` : ""}` : "", line.amount)));
  table.tFoot.replaceChildren(...["subtotal", "tax", "total"].filter((name) => items[name]).map((name) => {
    const line = row(word(`items.${name}`), "", items[name]);
    line.className = name;
    return line;
  }));
  table.tBodies[0].lastElementChild?.scrollIntoView({ block: "nearest" });
}

// MARK: Signature

const paper = byId("paper");
const pen = paper.getContext("2d");

function showPaper(wanted) {
  byId("pad").hidden = !wanted;
  byId("wipe").textContent = word("button.clear");
  byId("done").textContent = word("button.ok");
  byId("wipe").disabled = false;
  if (wanted) wipe();
}

function wipe() {
  strokes = [];
  pen.clearRect(0, 0, paper.width, paper.height);
  byId("done").disabled = true;
}

/** Where the pointer is, in the paper's own points. */
function point(event) {
  const box = paper.getBoundingClientRect();
  const fit = (value, size) => Math.min(size - 1, Math.max(0, Math.round(value)));
  return [fit((event.clientX - box.left) * paper.width / box.width, paper.width), fit((event.clientY - box.top) * paper.height / box.height, paper.height)];
}

let drawing = false;
paper.onpointerdown = (event) => {
  paper.setPointerCapture(event.pointerId);
  drawing = true;
  strokes.push(point(event));
  byId("done").disabled = false;
};
paper.onpointermove = (event) => {
  if (!drawing) return;
  const stroke = strokes.at(-1);
  const [x, y] = point(event);
  const [fromX, fromY] = stroke.slice(-2);
  if (x === fromX && y === fromY || strokes.flat().length > 38_000) return;
  stroke.push(x, y);
  Object.assign(pen, { lineWidth: 4, lineCap: "round", lineJoin: "round", strokeStyle: "#10202c" });
  pen.beginPath();
  pen.moveTo(fromX, fromY);
  pen.lineTo(x, y);
  pen.stroke();
};
paper.onpointerup = paper.onpointercancel = () => { drawing = false; };
byId("wipe").onclick = wipe;
byId("done").onclick = () => answer({ signed: { width: paper.width, height: paper.height, strokes } });

// MARK: Typing

const typed = byId("typed");

function showEntry(form) {
  byId("entry").hidden = !form;
  if (!form) return;
  typed.value = "";
  typed.maxLength = form.maximumLength;
  typed.inputMode = "none";
  typed.setAttribute("aria-label", byId("head").textContent);
  byId("clear").textContent = word("button.clear");
  byId("enter").textContent = word("button.ok");
  byId("clear").disabled = false;
  showKeyboard(byId("keyboard"), form.keyboard, typed);
  check();
}

function check() {
  if (shown.entry?.keyboard === "digits") typed.value = typed.value.replace(/\D/g, "");
  byId("enter").disabled = typed.value.length < (shown.entry?.minimumLength ?? 0);
}

typed.oninput = check;
typed.onkeydown = (event) => { if (event.key === "Enter" && !byId("enter").disabled) byId("enter").click(); };
byId("clear").onclick = () => { typed.value = ""; check(); typed.focus(); };
byId("enter").onclick = () => answer({ entered: typed.value });

// MARK: Connection

function away(isAway) {
  byId("away").hidden = !isAway;
  byId("away").textContent = isAway ? word("page.away") : "";
  byId("screen").inert = isAway;
}

/** For the terminal, and for tests that play it. */
window.terminalSays = (message) => { away(false); show(message); };

const events = new EventSource("/events");
events.onmessage = (event) => window.terminalSays(JSON.parse(event.data));
// The browser connects again by itself.
events.onerror = () => away(true);
