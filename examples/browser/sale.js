// A point of sale with nothing but the browser's own WebSocket.
"use strict";

const byId = (id) => document.getElementById(id);
const log = (line) => { byId("log").textContent += line + "\n"; };
const verdict = (text) => { byId("verdict").textContent = text; };

let socket;

/** Opens a connection, or keeps the one that is open: it may carry any number of sales. */
function connect() {
  if (socket && socket.readyState === WebSocket.OPEN) return Promise.resolve(socket);
  return new Promise((resolve, reject) => {
    socket = new WebSocket(byId("url").value);
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error("The terminal cannot be reached."));
    socket.onmessage = (event) => received(JSON.parse(event.data));
    socket.onclose = () => lost();
  });
}

function send(message) {
  const text = JSON.stringify(message);
  log("→ " + text);
  socket.send(text);
}

let running = null; // the id of the sale whose outcome is not known yet

async function sell() {
  verdict("");
  try {
    await connect();
  } catch (error) {
    return verdict(error.message);
  }
  running = crypto.randomUUID().replaceAll("-", "").slice(0, 30);
  byId("sell").disabled = true;
  byId("cancel").disabled = false;
  send({ operation: "Transaction", type: "SALE", requestedAmount: byId("amount").value, uniqueTransactionId: running });
}

function received(message) {
  log("← " + JSON.stringify(message));
  if (message.operation === "Status") return verdict(message.message);
  if (message.operation === "LastTransaction" && message.result === "5") return send({ operation: "LastTransaction" });
  if (message.operation !== "Transaction" && message.operation !== "LastTransaction") return;
  if (message.uniqueTransactionId && message.uniqueTransactionId !== running) return verdict("The sale never began.");
  finished(message);
}

function finished(message) {
  running = null;
  byId("sell").disabled = false;
  byId("cancel").disabled = true;
  // An approved sale is result 0 and approval "approved"; nothing else is.
  const approved = message.result === "0" && message.approval === "approved";
  verdict(approved ? `Approved, code ${message.authCode}` : `Not approved (result ${message.result}) ${message.errorMessage || message.hostMessage || ""}`);
}

/** The connection broke while a sale ran: the terminal finishes or reverses it by itself; connect again and ask. */
function lost() {
  log("connection closed");
  if (!running) return;
  verdict("Connection lost, asking what became of the sale …");
  setTimeout(() => connect().then(() => send({ operation: "LastTransaction" })).catch(lost), 1000);
}

byId("sell").onclick = sell;
byId("cancel").onclick = () => send({ operation: "Cancel" });
