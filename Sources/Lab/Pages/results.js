// What a result code means to the person who writes the POS (POS protocol, section 3).
export const results = {
  0: ["completed", "Done. A sale is approved only if approval says so too."],
  1: ["application error", "The transaction ended before host contact. Nothing was charged."],
  2: ["card not read", "Nothing was sent. Ask for the card again."],
  3: ["bad field", "Your message; errorMessage names the field. Nothing was started."],
  4: ["original not recognised", "No transaction matches, or more than one does."],
  5: ["busy", "Something else runs. Wait, then ask again; never send a second sale in the hope."],
  9: ["card removed too early", "Not charged: an approval is being reversed by the terminal. Start again."],
  10: ["timeout", "Nobody acted. Nothing was sent."],
  11: ["cancelled by the cardholder", "Nothing was charged."],
  12: ["cancelled by the POS", "Nothing was charged."],
  13: ["too late to cancel", "It is already with the host: wait for the final message."],
  14: ["nothing to cancel", "No operation of yours is running."],
  17: ["declined by the card", "Not charged: a host approval is being reversed by the terminal."],
  19: ["declined by the host", "Not charged. Ask for another way to pay."],
  20: ["terminal not ready", "No reader, no configuration or maintenance: look at errorCondition."],
  21: ["host not reached", "Nothing was sent."],
  22: ["not sent", "Not one byte was handed over."],
  23: ["no answer", "Not charged: the terminal reverses by itself until the host acknowledges. A new sale is safe."],
  24: ["bad answer", "Not charged: the terminal reverses by itself until the host acknowledges. A new sale is safe."],
  26: ["another card", "Not the card of the original."],
  60: ["in progress", "For the cashier's screen. Decide nothing by it."],
  83: ["missing credentials", "Host keys, merchant or terminal id are not configured."],
  97: ["no last transaction", "This terminal has none for you."],
  200: ["unsupported", "This terminal does not know the operation or type."],
  201: ["not allowed", "A limit or a rule forbids it."],
  202: ["device fault", "A device failed. An approval, if there was one, is being reversed."],
  203: ["outcome unknown", "The terminal goes on by itself. Ask GetTransaction later."],
  204: ["reversed: POS lost", "Approved while nobody was there, so the terminal takes it back."],
};

export const meaning = (code) => results[code]?.[0] ?? "unknown code";
export const advice = (code) => results[code]?.[1] ?? "Treat as not approved.";

/** good, bad, wait or plain: how a message is to be looked at. */
export function tone(message) {
  if (message.result === undefined) return "plain";
  if (message.result === "60") return "wait";
  if (message.result !== "0") return "bad";
  return message.operation === "Transaction" || message.operation === "LastTransaction"
    ? (message.approval === "approved" ? "good" : "plain") : "good";
}
