// The cardholder: what the display shows, the wallet, the PIN pad, and the cables of the devices.
const byId = (id) => document.getElementById(id);
const brands = [["A000000003", "visa"], ["A000000004", "mastercard"], ["A000000025", "amex"], ["A000000152", "discover"]];
const keys = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "clear", "0", "enter", "cancel"];
const captions = { clear: "Clear", enter: "Enter", cancel: "Cancel" };
const faults = { unplug: "Unplug", plug: "Plug in", stall: "Stall", garble: "Garble", slow: "Slow" };

/** A signature like any other. */
const scribble = { width: 300, height: 100, strokes: [[20, 70, 60, 20, 80, 80, 110, 30, 140, 75, 200, 40, 280, 60]] };

function items(shown) {
  if (!shown) return "";
  const lines = shown.lines.map((line) => [line.quantity, line.description, line.amount].filter(Boolean).join("  "));
  return [...lines, ...["subtotal", "tax", "total"].filter((name) => shown[name]).map((name) => `${name}  ${shown[name]}`)].join("\n");
}

function button(text, action, className) {
  const made = document.createElement("button");
  made.textContent = text;
  made.onclick = action;
  if (className) made.className = className;
  return made;
}

export class Cardholder {
  #post;
  #cards;
  #shown = "";
  #devices = "";

  constructor(setting, post) {
    this.#post = post;
    this.#cards = setting.cards;
    for (const [number, card] of setting.cards.entries()) byId("wallet").append(this.#face(card, number === 0));
    for (const key of keys) {
      const made = button(captions[key] ?? key, () => this.press(key), captions[key] ? `key ${key}` : "key");
      made.dataset.key = key;
      byId("pad").append(made);
    }
    byId("pad").onkeydown = (event) => {
      const key = { Enter: null, Backspace: "clear", Escape: "cancel" }[event.key] ?? (/^\d$/.test(event.key) ? event.key : null);
      if (key) { event.preventDefault(); event.stopPropagation(); this.press(key); }
    };
    byId("type-pin").onclick = () => this.typePIN();
    byId("insert").onclick = () => this.present("insert");
    byId("tap").onclick = () => this.present("tap");
    byId("swipe").onclick = () => this.present("swipe");
    byId("key").onclick = () => this.present("key");
    byId("remove").onclick = () => this.remove();
    byId("automatic").onchange = () => post("/lab/card", { automatic: byId("automatic").checked ? this.card.name : null });
    byId("wallet").onchange = () => { if (byId("automatic").checked) post("/lab/card", { automatic: this.card.name }); this.#held(); };
    this.#held();
  }

  /** The card that is in the hand. */
  get card() {
    const name = byId("wallet").querySelector("input:checked")?.value;
    return this.#cards.find((card) => card.name === name) ?? this.#cards[0];
  }

  take(name) {
    const choice = byId("wallet").querySelector(`input[value="${name}"]`);
    if (choice) { choice.checked = true; this.#held(); }
  }

  present(action) {
    const reader = { insert: "chip", tap: "contactless", swipe: "stripe", key: "pinpad" }[action];
    return this.#post("/lab/card", { action, card: this.card.name, reader });
  }

  remove() { return this.#post("/lab/card", { action: "remove" }); }

  press(key) { return this.#post("/lab/pinpad", /^\d$/.test(key) ? { keys: key } : { key }); }

  async typePIN() {
    if (await this.#post("/lab/pinpad", { keys: this.card.pin })) await this.#post("/lab/pinpad", { key: "enter" });
  }

  show(state) {
    const screen = byId("screen");
    const display = JSON.stringify(state.display);
    if (display !== this.#shown) {
      this.#shown = display;
      screen.dataset.prompt = state.display.prompt ?? "";
      byId("screen-text").textContent = state.display.text;
      byId("screen-items").textContent = items(state.display.items);
      byId("screen-buttons").replaceChildren(...this.#controls(state.display));
    }
    screen.classList.toggle("dark", !state.terminal.running);
    byId("automatic").checked = state.automatic !== null && state.automatic !== undefined;
    const chip = state.devices.find((device) => device.kind === "chip");
    byId("slot").dataset.card = chip?.card ?? "";
    byId("slot").classList.toggle("unplugged", !chip?.plugged);
    byId("slot-card").textContent = !chip?.plugged ? "unplugged" : chip.card ?? "empty";
    const has = (kind) => state.devices.some((device) => device.kind === kind && device.plugged);
    byId("insert").disabled = !has("chip") || Boolean(chip.card);
    byId("remove").disabled = !chip?.card;
    byId("tap").disabled = !has("contactless");
    byId("swipe").disabled = !has("stripe");
    byId("key").disabled = !has("pinpad");
    this.#showDevices(state.devices);
  }

  /** What the cardholder can do at the display. */
  #controls({ buttons, entry, signature }) {
    const made = buttons.map((text) => button(text, () => this.#post("/lab/display", { press: text })));
    if (entry) {
      const field = Object.assign(document.createElement("input"), { maxLength: entry.maximumLength });
      field.setAttribute("aria-label", "What the cardholder types");
      const enter = () => this.#post("/lab/display", { entered: field.value });
      field.onkeydown = (event) => { if (event.key === "Enter") enter(); };
      made.unshift(field, button("Enter", enter));
    }
    if (signature) made.unshift(button("Sign", () => this.#post("/lab/display", { signed: scribble })));
    return made;
  }

  /** The card in the hand changed. */
  #held() {
    const { name, pan, expiry, pin, summary } = this.card;
    byId("type-pin").disabled = !pin;
    byId("about").textContent = `${name}, ending ${pan.slice(-4)}, good to ${expiry}${pin ? `, PIN ${pin}` : ", no PIN"}: ${summary}.`;
  }

  #showDevices(devices) {
    const told = JSON.stringify(devices.map(({ name, kind, plugged }) => [name, kind, plugged]));
    if (told === this.#devices) return;
    this.#devices = told;
    const focused = document.activeElement?.dataset?.fault;
    byId("devices").replaceChildren(...devices.map((device) => {
      const row = document.createElement("li");
      const name = document.createElement("span");
      name.className = "device";
      name.textContent = device.name;
      const lamp = document.createElement("span");
      lamp.className = "lamp";
      lamp.dataset.state = device.plugged ? "on" : "bad";
      row.append(lamp, name);
      for (const action of device.plugged ? ["unplug", "stall", "garble", "slow"] : ["plug"]) {
        const made = button(faults[action], () => this.#post("/lab/device", { device: device.name, action }), action === "unplug" ? "danger small" : "small");
        made.setAttribute("aria-label", `${faults[action]} ${device.name}`);
        made.dataset.fault = `${device.name} ${action === "plug" || action === "unplug" ? "cable" : action}`;
        row.append(made);
      }
      return row;
    }));
    if (focused) byId("devices").querySelector(`[data-fault="${focused}"]`)?.focus();
  }

  #face(card, checked) {
    const label = document.createElement("label");
    label.className = `face ${brands.find(([prefix]) => card.aids.some((aid) => aid.startsWith(prefix)))?.[1] ?? "plain"}`;
    const choice = document.createElement("input");
    Object.assign(choice, { type: "radio", name: "card", value: card.name, checked });
    const name = document.createElement("span");
    name.textContent = card.name;
    label.title = card.summary;
    label.append(choice, name);
    return label;
  }
}
