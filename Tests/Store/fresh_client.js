// A point of sale as they are written for the Payment Terminal Application in browsers: a connection of its own for every operation.
"use strict";

const URL = new URLSearchParams(location.search).get("terminal");
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const asked = []; // every operation sent, for the test

/** One operation on a fresh connection: its first message that is not "in progress". Rejects when the connection ends before. */
function ask(message, opened = () => {}) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(URL);
    socket.onopen = () => {
      asked.push(message.operation);
      socket.send(JSON.stringify(message));
      opened(socket);
    };
    socket.onmessage = (event) => {
      const answer = JSON.parse(event.data);
      if (answer.result === "60" || answer.operation !== message.operation) return;
      resolve(answer);
      socket.close();
    };
    socket.onclose = () => reject(new Error("the connection ended"));
  });
}

async function sale(amount, reference, opened) {
  if (reference.length !== 12) throw new Error("a reference has 12 characters");
  try {
    return await ask({ operation: "Transaction", type: "SALE", requestedAmount: amount, reference }, opened);
  } catch {
    return recover(reference);
  }
}

/** Five times, 1.5 s times n apart: the reference says whose answer it is. */
async function recover(reference) {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    await pause(1500 * attempt);
    try {
      const answer = await ask({ operation: "LastTransaction" });
      if (answer.reference === reference) return answer;
    } catch { /* not there yet */ }
  }
  return { result: "unknown" };
}

/** Gives a sale back: a debit card by REFUND, all else by VOID. */
function undo(answer) {
  return answer.cardTypeProcessed === "2"
    ? ask({ operation: "Transaction", type: "REFUND", requestedAmount: answer.totalAmount, reference: "R" + answer.reference.slice(1) })
    : ask({ operation: "Transaction", type: "VOID", originalAuthCode: answer.authCode });
}
