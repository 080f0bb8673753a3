// Stories that go wrong the way shops do. Each plays on the real terminal, and ends with what the POS saw and has to do.
import { advice, meaning } from "./results.js";

const byId = (id) => document.getElementById(id);
const isFinal = (message) => message.operation === "Transaction";
const status = (context) => (message) => message.operation === "Status" && message.context === context;

/** Tools that a story is told with. */
class Stage {
  constructor({ pos, cardholder, post, state }) { Object.assign(this, { pos, cardholder, post, state }); }

  say(text) { this.pos.note(text, "note story"); }

  /** Nothing of an earlier story is left, and the POS is connected. */
  async prepare(card = "visa-credit") {
    if (!this.state().terminal.running) await this.post("/lab/terminal", { action: "start" });
    await this.post("/lab/card", { automatic: null });
    if (this.state().host) await this.post("/lab/host", { mode: "approve", next: null, latencyMs: 0 });
    for (const device of this.state().devices) if (!device.plugged && device.name !== "pinpad") await this.post("/lab/device", { device: device.name, action: "plug" });
    await this.cardholder.remove();
    this.cardholder.take(card);
    await this.pos.connect();
  }

  sale(amount = "1250") {
    const final = this.pos.next(isFinal);
    final.catch(() => {});
    this.pos.choose(this.pos.examples[0]);
    this.pos.edit({ requestedAmount: amount });
    this.pos.sendEditor();
    return final;
  }

  /** The card goes in when the terminal asks for it. */
  async insertWhenAsked() {
    await this.until(() => ["insertCard", "presentCard"].includes(this.state().display.prompt));
    await this.cardholder.present("insert");
  }

  until(condition) {
    return new Promise((resolve) => {
      const look = () => { if (condition()) { removeEventListener("lab-state", look); resolve(); } };
      addEventListener("lab-state", look);
      look();
    });
  }

  /** After a cut: the terminal is asked until it says more than "busy". */
  async askLast() {
    await this.pos.connect();
    for (;;) {
      const answer = this.pos.next((message) => message.operation === "LastTransaction");
      this.pos.send({ operation: "LastTransaction" });
      const told = await answer;
      if (told.result !== "5") return told;
    }
  }
}

export const rehearsals = [
  ["approved", "Approved", async (stage) => {
    await stage.prepare();
    const final = stage.sale();
    await stage.insertWhenAsked();
    return final;
  }],
  ["declined", "Declined", async (stage) => {
    await stage.prepare();
    stage.say("Cents .01: the host declines.");
    const final = stage.sale("1001");
    await stage.insertWhenAsked();
    return final;
  }],
  ["cancelled", "Cancel", async (stage) => {
    await stage.prepare();
    const asked = stage.pos.next(status("Card"));
    const final = stage.sale();
    await asked;
    stage.say("The cashier changes her mind before a card is there.");
    stage.pos.send({ operation: "Cancel" });
    return final;
  }],
  ["card-pulled", "Card pulled", async (stage) => {
    await stage.prepare();
    await stage.post("/lab/host", { latencyMs: 1500 });
    const asking = stage.pos.next(status("Communication"));
    const final = stage.sale();
    await stage.insertWhenAsked();
    await asking;
    stage.say("The cardholder pulls the card while the host is being asked.");
    await stage.cardholder.remove();
    return final;
  }],
  ["reader-unplugged", "Reader unplugged", async (stage) => {
    await stage.prepare();
    await stage.post("/lab/host", { latencyMs: 1500 });
    const asking = stage.pos.next(status("Communication"));
    const final = stage.sale();
    await stage.insertWhenAsked();
    await asking;
    stage.say("The reader's cable is pulled while the host is being asked.");
    await stage.post("/lab/device", { device: "chip", action: "unplug" });
    return final;
  }],
  ["host-disconnects", "Host hangs up", async (stage) => {
    await stage.prepare();
    await stage.post("/lab/host", { next: "disconnect" });
    const final = stage.sale();
    await stage.insertWhenAsked();
    return final;
  }],
  ["host-silent", "Host silent", async (stage) => {
    await stage.prepare();
    await stage.post("/lab/host", { next: "silent" });
    stage.say("The host reads and says nothing: half a minute, then the terminal gives up.");
    const final = stage.sale();
    await stage.insertWhenAsked();
    return final;
  }],
  ["wrong-answer", "Wrong answer", async (stage) => {
    await stage.prepare();
    await stage.post("/lab/host", { next: "badMAC" });
    const final = stage.sale();
    await stage.insertWhenAsked();
    return final;
  }],
  ["host-down", "Host down", async (stage) => {
    await stage.prepare();
    await stage.post("/lab/host", { mode: "refuse" });
    const final = stage.sale();
    await stage.insertWhenAsked();
    return final;
  }],
  ["pos-cut", "POS cut", async (stage) => {
    await stage.prepare();
    await stage.post("/lab/host", { latencyMs: 1500 });
    const asking = stage.pos.next(status("Communication"));
    stage.sale();
    await stage.insertWhenAsked();
    await asking;
    stage.pos.cut();
    stage.say("The POS comes back and asks what became of its sale. While somebody asks, an approval is kept.");
    return stage.askLast();
  }],
  ["pos-gone", "POS gone", async (stage) => {
    await stage.prepare();
    await stage.post("/lab/host", { latencyMs: 1500 });
    const asking = stage.pos.next(status("Communication"));
    stage.sale();
    await stage.insertWhenAsked();
    await asking;
    stage.pos.cut();
    stage.say("Nobody comes back before the host answers. An approval that nobody can learn of is reversed.");
    await stage.until(() => ["notCompleted", "removeCard", "welcome"].includes(stage.state().display.prompt));
    return stage.askLast();
  }],
  ["power-cut", "Power cut", async (stage) => {
    await stage.prepare();
    await stage.post("/lab/terminal", { action: "kill", at: "afterSend" });
    const final = stage.sale();
    await stage.insertWhenAsked();
    await final.catch(() => {});
    stage.say("The terminal lost power with the request at the host. It comes back; its journal decides.");
    await stage.until(() => !stage.state().terminal.running);
    await stage.post("/lab/terminal", { action: "start" });
    return stage.askLast();
  }],
];

export function setUpRehearsals(tools) {
  const stage = new Stage(tools);
  const buttons = rehearsals.map(([id, title, story]) => {
    const made = document.createElement("button");
    made.dataset.rehearsal = id;
    made.textContent = title;
    made.onclick = async () => {
      for (const other of buttons) other.disabled = true;
      made.setAttribute("aria-current", "true");
      const lesson = byId("lesson");
      lesson.dataset.result = "";
      lesson.textContent = `${title} …`;
      stage.pos.note(`Rehearsal: ${title}`, "note title");
      try {
        const told = await story(stage);
        const said = told.approval === "approved" && told.result === "0" ? "approved" : meaning(told.result);
        lesson.textContent = `The POS saw ${told.operation} ${told.result}, ${said}${told.state && told.state !== "completed" ? `, ${told.state}` : ""}. ${told.result === "0" && told.approval === "approved" ? "The only pair that means paid." : advice(told.result)}`;
        lesson.dataset.result = told.result;
      } catch (error) {
        lesson.textContent = `${title} ended early: ${error.message}`;
        lesson.dataset.result = "failed";
      }
      if (tools.state().host) await tools.post("/lab/host", { mode: "approve", next: null, latencyMs: 0 });
      made.removeAttribute("aria-current");
      for (const other of buttons) other.disabled = false;
      made.focus();
    };
    return made;
  });
  byId("rehearsals").append(...buttons);
}
