// The point of sale: the browser's own WebSocket, an editor, and the conversation as it went over the wire.
import { advice, meaning, tone } from "./results.js";

const byId = (id) => document.getElementById(id);
const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const random = (length) => Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => letters[byte % letters.length]).join("");
const ENTRY_LIMIT = 400;

/** What `$…` in the examples stands for. */
const known = { AUTH: "000000", LAST: "NONE", TOKEN: "NONE" };

function fill(value) {
  if (typeof value === "string") {
    return value.replace(/^\$([A-Z]+)$/, (_, name) => name === "ID" ? "U" + random(15)
      : name === "REFERENCE" ? random(12) : name === "REQUEST" ? crypto.randomUUID() : known[name]);
  }
  if (Array.isArray(value)) return value.map(fill);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fill(inner)]));
  return value;
}

export class PointOfSale extends EventTarget {
  #socket = null;
  #example = null;
  #pristine = "";
  #waiters = new Set();
  /** The newest outcome stands open; the one before it closes. */
  #opened = null;

  constructor(setting, examples) {
    super();
    for (const address of [setting.pos, setting.posTLS]) byId("address").add(new Option(address));
    let number = 0;
    for (const { group, operations } of examples) {
      const list = document.createElement("optgroup");
      list.label = group;
      for (const operation of operations) list.append(new Option(operation.name, number++));
      byId("operation").append(list);
    }
    this.examples = examples.flatMap((group) => group.operations);
    byId("operation").onchange = () => this.choose(this.examples[byId("operation").value]);
    byId("connect").onclick = () => (this.isOpen ? this.close() : this.connect()).catch(() => {});
    byId("cut").onclick = () => this.cut();
    byId("send").onclick = () => this.sendEditor();
    byId("cancel").onclick = () => this.send({ operation: "Cancel" });
    byId("last").onclick = () => this.send({ operation: "LastTransaction" });
    byId("heartbeat").onclick = () => this.send({ operation: "GetInformation" });
    byId("clear").onclick = () => byId("conversation").replaceChildren();
    byId("message").oninput = () => this.#check();
    byId("message").onkeydown = (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); this.sendEditor(); }
    };
    this.choose(this.examples[0]);
    this.#show();
  }

  get isOpen() { return this.#socket?.readyState === WebSocket.OPEN; }

  /** Opens a connection unless one is open. */
  connect() {
    if (this.isOpen) return Promise.resolve();
    const address = byId("address").value;
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(address);
      this.#socket = socket;
      socket.onopen = () => { this.note(`Connected to ${address}`); this.#show(); resolve(); };
      socket.onmessage = (event) => { if (socket === this.#socket) this.#received(event.data); };
      socket.onclose = (event) => {
        if (socket !== this.#socket) return;
        const secure = address.startsWith("wss") && event.code === 1006 ? ` Open ${address.replace("wss", "https")} once and accept its certificate.` : "";
        this.note(`Disconnected${event.code === 1005 ? "" : `, code ${event.code}${event.reason ? ` ${event.reason}` : ""}`}.${secure}`);
        this.#socket = null;
        this.#show();
        for (const waiter of this.#waiters) waiter.fail(new Error("The connection closed."));
        this.#waiters.clear();
        reject(new Error("The terminal cannot be reached."));
      };
    });
  }

  /** Says goodbye. */
  async close() { this.#socket?.close(); }

  /** As if the cable were pulled: nothing more is read or written. */
  cut() {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = null;
    socket.onmessage = null;
    socket.close();
    this.note("Cut: the POS reads and writes no more on this connection.");
    this.#show();
    for (const waiter of this.#waiters) waiter.fail(new Error("The connection was cut."));
    this.#waiters.clear();
  }

  /** Puts an example into the editor, with fresh ids. */
  choose(example) {
    this.#example = example;
    byId("operation").value = this.examples.indexOf(example);
    byId("hint").textContent = example.hint;
    this.#write(example.text ?? JSON.stringify(fill(example.message), null, 2));
    this.#pristine = byId("message").value;
  }

  /** Changes fields of the message in the editor. */
  edit(changes) {
    try { this.#write(JSON.stringify({ ...JSON.parse(byId("message").value), ...changes }, null, 2)); } catch { /* not JSON now */ }
  }

  sendEditor() {
    const text = byId("message").value;
    if (!this.#sendText(text)) return;
    // The next one is another transaction, unless the developer wrote the ids.
    if (text === this.#pristine) this.choose(this.#example);
  }

  send(message) { return this.#sendText(JSON.stringify(message)); }

  /** The first message from now on that fits, or an error when the connection ends before. */
  next(fits) {
    return new Promise((resolve, reject) => {
      this.#waiters.add({ fits, done: resolve, fail: reject });
    });
  }

  /** A line of the lab's own in the conversation. */
  note(text, kind = "note") {
    const entry = document.createElement("div");
    entry.className = kind;
    entry.textContent = text;
    this.#append(entry);
  }

  #sendText(text) {
    if (!this.isOpen) { byId("fault").textContent = "Not connected."; return false; }
    byId("fault").textContent = "";
    this.#socket.send(text);
    this.#entry("out", text);
    return true;
  }

  #received(text) {
    this.#entry("in", text);
    let message;
    try { message = JSON.parse(text); } catch { return; }
    if (message.authCode) known.AUTH = message.authCode;
    if (message.cardToken) known.TOKEN = message.cardToken;
    if (message.uniqueTransactionId) known.LAST = message.uniqueTransactionId;
    for (const waiter of [...this.#waiters]) if (waiter.fits(message)) { this.#waiters.delete(waiter); waiter.done(message); }
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  #write(text) {
    byId("message").value = text;
    byId("message").rows = Math.min(16, Math.max(4, text.split("\n").length));
    this.#check();
  }

  #check() {
    try { JSON.parse(byId("message").value); byId("fault").textContent = ""; } catch (error) { byId("fault").textContent = error.message; }
  }

  #show() {
    byId("connect").textContent = this.isOpen ? "Disconnect" : "Connect";
    byId("cut").disabled = !this.isOpen;
    byId("lamp-pos").dataset.state = this.isOpen ? "on" : "off";
    byId("text-pos").textContent = this.isOpen ? "POS connected" : "POS not connected";
  }

  /** One message: a line to read, the whole JSON beneath it. */
  #entry(direction, text) {
    let message = null;
    try { message = JSON.parse(text); } catch { /* shown as it is */ }
    const entry = document.createElement("div");
    entry.className = `${direction} ${message && direction === "in" ? tone(message) : "plain"}`;
    entry.dataset.operation = message?.operation ?? "";
    entry.dataset.result = message?.result ?? "";
    const details = document.createElement("details");
    const line = document.createElement("summary");
    const part = (name, content) => {
      const span = document.createElement("span");
      span.className = name;
      span.textContent = content;
      line.append(span, " ");
    };
    part("time", new Date().toTimeString().slice(0, 8));
    part("arrow", direction === "out" ? "POS →" : "← terminal");
    part("operation", message?.operation ?? "?");
    if (message?.operation === "Status") part("say", `${message.context}: ${message.message}`);
    else {
      if (message?.type) part("say", message.type);
      if (message?.requestedAmount && direction === "out") part("say", (Number(message.requestedAmount) / 100).toFixed(2));
      if (message?.result !== undefined && direction === "in") {
        part("badge", `${message.result} ${message.approval && message.result === "0" ? message.approval : meaning(message.result)}`);
        if (message.state && message.state !== "completed") part("state", message.state);
      }
    }
    details.append(line);
    const body = document.createElement("pre");
    const shown = message && { ...message };
    if (shown) for (const name of ["merchantReceipt", "customerReceipt"]) if (shown[name]) shown[name] = "…";
    body.textContent = shown ? JSON.stringify(shown, null, 2) : text;
    body.tabIndex = 0;
    body.setAttribute("role", "group");
    body.setAttribute("aria-label", `${message?.operation ?? "Message"} as JSON`);
    details.append(body);
    for (const [name, title] of [["customerReceipt", "Customer receipt"], ["merchantReceipt", "Merchant receipt"]]) if (message?.[name]) {
      const receipt = document.createElement("details");
      receipt.className = "receipts";
      receipt.append(Object.assign(document.createElement("summary"), { textContent: title }));
      receipt.append(Object.assign(document.createElement("pre"), { className: "receipt", textContent: message[name] }));
      details.append(receipt);
    }
    if (direction === "out") {
      const again = document.createElement("button");
      again.className = "quiet";
      again.textContent = "To the editor";
      again.onclick = () => { this.#write(message ? JSON.stringify(message, null, 2) : text); this.#pristine = ""; byId("message").focus(); };
      details.append(again);
    }
    entry.append(details);
    if (message?.result && direction === "in" && message.result !== "60") {
      if (message.operation === "Transaction" || message.operation === "LastTransaction") {
        if (this.#opened) this.#opened.open = false;
        details.open = true;
        this.#opened = details;
      }
      if (message.result !== "0") entry.append(Object.assign(document.createElement("p"), { className: "advice", textContent: advice(message.result) }));
    }
    this.#append(entry);
  }

  #append(entry) {
    const list = byId("conversation");
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(entry);
    while (list.children.length > ENTRY_LIMIT) list.firstChild.remove();
    // A long entry is read from its head.
    if (atEnd) list.scrollTop = Math.min(list.scrollHeight, entry.offsetTop - list.offsetTop);
  }
}
