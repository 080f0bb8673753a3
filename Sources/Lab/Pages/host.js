// The payment host: how it goes wrong, and its books.
const byId = (id) => document.getElementById(id);
const hints = {
  approve: "Answers; the cents of the amount decide.",
  decline: "Declines everything.",
  silent: "Reads and says nothing: the POS gets 23 when HOSTTIMEOUT is over, then the terminal reverses.",
  late: "Answers after the time limit: 23; the late answer changes nothing.",
  garbage: "Answers with what nobody can read: 24, reversed.",
  disconnect: "Closes the connection after reading: 23, reversed.",
  refuse: "Nobody listens: 21, nothing was sent.",
  badMAC: "Answers with a wrong MAC: 24, reversed.",
  duplicate: "Answers twice: the second answer changes nothing.",
};
const messageNames = {
  11: "authorization", 12: "financial", 14: "reversal", 15: "reconciliation", 18: "network",
};
const money = (minor) => (minor < 0 ? "−" : "") + (Math.abs(minor) / 100).toFixed(2);

function name(mti) {
  const kind = mti.slice(0, 3) === "122" || mti.slice(0, 3) === "123" ? "advice" : messageNames[mti.slice(0, 2)] ?? "";
  return kind + (mti[3] === "1" ? ", repeat" : "");
}

export class Host {
  #setting = "";

  constructor(setting, post, pos) {
    for (const mode of setting.modes) byId("mode").add(new Option(mode));
    byId("next").add(new Option("as always", ""));
    for (const mode of setting.modes) if (mode !== "refuse" && mode !== "approve") byId("next").add(new Option(mode));
    byId("mode").onchange = () => post("/lab/host", { mode: byId("mode").value });
    byId("next").onchange = () => post("/lab/host", { next: byId("next").value || null });
    byId("latency").onchange = () => post("/lab/host", { latencyMs: Math.max(0, Math.round(Number(byId("latency").value) || 0)) });
    for (const { cents, text } of setting.amounts) {
      const made = document.createElement("button");
      made.className = "small";
      const code = String(cents).padStart(2, "0");
      made.innerHTML = "<b></b> <span></span>";
      made.firstChild.textContent = `.${code}`;
      made.lastChild.textContent = text;
      made.onclick = () => pos.edit({ requestedAmount: `10${code}` });
      byId("amounts").append(made);
    }
  }

  show(host) {
    const lamp = byId("lamp-host");
    if (!host) {
      byId("text-host").textContent = "Outside host";
      lamp.dataset.state = "on";
      for (const id of ["mode", "next", "latency"]) byId(id).disabled = true;
      return;
    }
    const told = JSON.stringify(host);
    if (told === this.#setting) return;
    this.#setting = told;
    byId("mode").value = host.mode;
    byId("next").value = host.next ?? "";
    if (document.activeElement !== byId("latency")) byId("latency").value = host.latencyMs;
    byId("mode-hint").textContent = hints[host.next ?? host.mode] ?? "";
    lamp.dataset.state = host.mode === "refuse" ? "off" : host.mode === "approve" && !host.next ? "on" : "wait";
    byId("text-host").textContent = host.next ? `Host: ${host.next}, once` : host.mode === "approve" ? "Host" : `Host: ${host.mode}`;
  }

  books(ledger) {
    byId("net").textContent = Object.entries(ledger.net).map(([batch, net]) => `batch ${batch}: ${money(net)}`).join(" · ");
    byId("no-transactions").hidden = ledger.transactions.length > 0;
    byId("transactions").replaceChildren(...ledger.transactions.slice().reverse().map((row) => {
      const line = document.createElement("tr");
      line.dataset.state = row.state;
      const cell = (text, className) => {
        const made = line.insertCell();
        made.textContent = text;
        if (className) made.className = className;
      };
      cell(row.stan);
      cell(row.type);
      cell(row.account.slice(-4).padStart(Math.min(8, row.account.length), "•"));
      cell(row.hold ? `${money(row.net)} (hold ${money(row.hold)})` : money(row.net), "number");
      cell(row.state, "state");
      return line;
    }));
    byId("messages").replaceChildren(...ledger.messages.slice().reverse().map((message) => {
      const entry = document.createElement("li");
      entry.className = message.direction;
      const details = document.createElement("details");
      const line = document.createElement("summary");
      for (const [className, text] of [["time", message.time.slice(11, 19)], ["mti", message.mti], ["say", name(message.mti)],
        ["stan", message.stan], ["badge", message.fields["39"] ? `39 = ${message.fields["39"]}` : ""]]) {
        const span = document.createElement("span");
        span.className = className;
        span.textContent = text;
        if (text) line.append(span, " ");
      }
      const fields = document.createElement("pre");
      fields.textContent = Object.entries(message.fields).map(([number, value]) => `${number.padStart(3)}  ${value}`).join("\n");
      details.append(line, fields);
      entry.append(details);
      return entry;
    }));
  }
}
