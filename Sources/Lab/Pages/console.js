// The console puts the three sides together: everything it does goes over the POS protocol or the lab's control interface.
import { Cardholder } from "./cardholder.js";
import { Host } from "./host.js";
import { PointOfSale } from "./pos.js";
import { setUpRehearsals } from "./rehearsals.js";

const byId = (id) => document.getElementById(id);
let toastTimer;
let underway = 0;

function toast(text) {
  byId("toast").textContent = text;
  byId("toast").classList.add("shown");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => byId("toast").classList.remove("shown"), 6000);
}

/** Whether it took effect; what did not is shown. */
async function post(path, body) {
  document.body.ariaBusy = ++underway > 0;
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (answer.ok) return true;
    toast((await answer.json()).error);
  } catch {
    toast("The lab does not answer; was it ended?");
  } finally {
    document.body.ariaBusy = --underway > 0;
  }
  return false;
}

const get = async (path) => (await fetch(path)).json();
const [setting, examples] = await Promise.all([get("/lab/console"), get("/operations.json")]);

let state = await get("/lab/state");
const pos = new PointOfSale(setting, examples);
const cardholder = new Cardholder(setting, post);
const host = new Host(setting, post, pos);

for (const point of setting.points) byId("point").add(new Option(point));
byId("power-off").onclick = () => post("/lab/terminal", { action: "kill" });
byId("power-on").onclick = async () => { if (await post("/lab/terminal", { action: "start" })) pos.connect().catch(() => {}); };
byId("point").onchange = async () => {
  if (byId("point").value) await post("/lab/terminal", { action: "kill", at: byId("point").value });
  byId("point").value = "";
};

function show() {
  const running = state.terminal.running;
  byId("lamp-terminal").dataset.state = running ? "on" : "bad";
  byId("text-terminal").textContent = running ? `Terminal, process ${state.terminal.pid}` : "Terminal has no power";
  byId("power-off").disabled = !running;
  byId("power-on").disabled = running;
  byId("point").disabled = !running;
  byId("armed").textContent = state.armed ? `dies ${state.armed}` : "";
  cardholder.show(state);
  host.show(state.host);
  dispatchEvent(new Event("lab-state"));
}

const events = new EventSource("/lab/events");
events.addEventListener("state", (event) => { state = JSON.parse(event.data); show(); });
events.addEventListener("ledger", (event) => host.books(JSON.parse(event.data)));
events.onerror = () => toast("The lab does not answer; was it ended?");

const shortcuts = [
  ["s", "Sale: the message in the editor is sent", () => pos.sendEditor()],
  ["c", "Cancel", () => byId("cancel").click()],
  ["l", "LastTransaction", () => byId("last").click()],
  ["h", "GetInformation, the heartbeat", () => byId("heartbeat").click()],
  ["d", "Connect or disconnect", () => byId("connect").click()],
  ["i", "Insert the card", () => byId("insert").click()],
  ["t", "Tap the card", () => byId("tap").click()],
  ["w", "Swipe the card", () => byId("swipe").click()],
  ["n", "Type the card's number at the PIN pad", () => byId("key").click()],
  ["p", "Pull the card out", () => byId("remove").click()],
  ["u", "Unplug the chip reader, or plug it in", () => byId("devices").querySelector('[data-fault="chip cable"]')?.click()],
  ["k", "Cut the terminal's power, or switch it on", () => (state.terminal.running ? byId("power-off") : byId("power-on")).click()],
  ["?", "This list", () => byId("help").showModal()],
];
for (const [key, text] of shortcuts) {
  const term = document.createElement("dt");
  const name = document.createElement("kbd");
  name.textContent = key.toUpperCase();
  term.append(name);
  const meaning = document.createElement("dd");
  meaning.textContent = text;
  byId("keys").append(term, meaning);
}
byId("help-button").onclick = () => byId("help").showModal();
addEventListener("keydown", (event) => {
  if (!byId("single-keys").checked || event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  if (event.target.closest("input:not([type=radio]):not([type=checkbox]), select, textarea")) return;
  const shortcut = shortcuts.find(([key]) => key === event.key.toLowerCase());
  if (shortcut) { event.preventDefault(); shortcut[2](); }
});

setUpRehearsals({ pos, cardholder, post, state: () => state });
show();
document.documentElement.dataset.ready = "true";
pos.connect().catch(() => {});
