// A point of sale with nothing but the browser's own WebSocket: connect, heartbeat, sell, cancel, and learn the outcome after a cut.
"use strict";

const byId = (id) => document.getElementById(id);
const log = (line) => { byId("log").textContent += line + "\n"; };
const verdict = (text) => { byId("verdict").textContent = text; };
const HEARTBEAT = 60_000; // ms

let socket;
let opening = null; // the promise of a connection that is being opened
let sale = null; // the one whose outcome is not known yet

/** Opens a connection, or keeps the one that is open or on its way: it may carry any number of sales. */
function connect() {
  if (socket?.readyState === WebSocket.OPEN) return Promise.resolve();
  opening ??= new Promise((resolve, reject) => {
    const mine = socket = new WebSocket(byId("url").value);
    mine.onopen = () => {
      send({ operation: "SetParameter", parameters: [{ key: "HWVENDORID", value: "EXAMPLE" }] });
      if (!sale) ask("GetInformation");
      resolve();
    };
    mine.onerror = () => reject(new Error("The terminal cannot be reached."));
    mine.onmessage = (event) => received(JSON.parse(event.data));
    mine.onclose = () => {
      reject(new Error("The terminal closed the connection."));
      if (mine === socket) lost();
    };
  }).finally(() => { opening = null; });
  return opening;
}

function send(message) {
  const text = JSON.stringify(message);
  log("→ " + text);
  socket.send(text);
}

const ask = (operation) => send({ operation });

async function sell() {
  verdict("");
  byId("sell").disabled = true;
  try {
    await connect();
  } catch (error) {
    byId("sell").disabled = false;
    return verdict(error.message);
  }
  const id = crypto.randomUUID().replaceAll("-", "").slice(0, 30);
  sale = { operation: "Transaction", type: "SALE", requestedAmount: byId("amount").value, uniqueTransactionId: id };
  byId("cancel").disabled = false;
  send(sale);
}

function received(message) {
  log("← " + JSON.stringify(message));
  switch (message.operation) {
    case "Status": // for the cashier's eyes; nothing is decided by it
      if (sale && message.message) verdict(message.message);
      break;
    case "Cancel":
      if (message.result === "13") verdict("Too late to cancel, the host is being asked: wait.");
      break;
    case "Transaction":
      if (message.result === "5") return void setTimeout(() => sale && send(sale), 2000); // busy
      if (!message.uniqueTransactionId || message.uniqueTransactionId === sale?.uniqueTransactionId) finished(message);
      break;
    case "LastTransaction":
      if (!sale) break;
      if (message.result === "5") return void setTimeout(() => sale && ask("LastTransaction"), 1000); // it still runs
      if (message.uniqueTransactionId === sale.uniqueTransactionId) finished(message);
      else finished({ result: "1", errorMessage: "The sale never began." });
      ask("GetInformation"); // the connection is alive
      break;
  }
}

function finished(message) {
  const id = sale?.uniqueTransactionId;
  sale = null;
  byId("sell").disabled = false;
  byId("cancel").disabled = true;
  // An approved sale is result 0 and approval "approved"; nothing else is.
  const approved = message.result === "0" && message.approval === "approved";
  verdict(approved ? `Approved, code ${message.authCode}` : `Not approved (result ${message.result}) ${message.errorMessage || message.hostMessage || ""}`);
  dispatchEvent(new CustomEvent("sale", { detail: { id, approved } }));
}

/** The connection broke: the terminal finishes or reverses a running sale by itself; connect again and ask. */
function lost() {
  log("connection closed");
  if (sale) verdict("Connection lost, asking what became of the sale …");
  setTimeout(() => connect().then(() => { if (sale) ask("LastTransaction"); }).catch(() => {}), 1000);
}

setInterval(() => { if (socket?.readyState === WebSocket.OPEN && !sale) ask("GetInformation"); }, HEARTBEAT);
byId("sell").onclick = sell;
byId("cancel").onclick = () => ask("Cancel");
