import Hex
import JSON

/// One thing the books were told: a message, and for a request what was decided on it. Entries in order make the books; one line of the ledger
/// file is one entry.
public struct LedgerEntry: Sendable, Hashable {
    public var message: LedgerMessage
    /// `nil` for answers, for requests without effect on the books, and for repeats.
    public var booking: Booking?

    public struct Booking: Sendable, Hashable {
        public var request: LedgerRequest
        public var decision: LedgerDecision
        public init(request: LedgerRequest, decision: LedgerDecision) {
            self.request = request
            self.decision = decision
        }
    }

    public init(message: LedgerMessage, booking: Booking? = nil) {
        self.message = message
        self.booking = booking
    }
}

extension HostLedger {
    public mutating func record(_ entry: LedgerEntry) {
        record(entry.message)
        if let booking = entry.booking { record(booking.request, booking.decision) }
    }
}

// MARK: JSON

extension LedgerEntry {
    /// The message as in `GET /lab/host/ledger`, with one more member, `booking`.
    var json: JSONValue {
        var object = message.json
        if let booking { object.append("booking", ["request": booking.request.json, "decision": booking.decision.json]) }
        return .object(object)
    }

    init?(json: JSONValue) {
        guard let message = LedgerMessage(json: json) else { return nil }
        guard let booking = json["booking"] else {
            self.init(message: message)
            return
        }
        guard let request = booking["request"].flatMap(LedgerRequest.init(json:)),
            let decision = booking["decision"].flatMap(LedgerDecision.init(json:))
        else { return nil }
        self.init(message: message, booking: Booking(request: request, decision: decision))
    }
}

extension LedgerRequest {
    var json: JSONValue {
        var object = JSONObject()
        object.append("kind", kind.rawValue)
        object.append("key", key.json)
        if let original { object.append("original", original.json) }
        object.append("rrn", retrievalReference)
        object.append("batch", batch)
        object.append("account", account)
        if !cardToken.isEmpty { object.append("cardToken", cardToken) }
        object.append("processingCode", processingCode)
        object.append("functionCode", functionCode)
        object.append("reasonCode", reasonCode)
        object.append("amount", .integer(amount))
        object.append("currency", currency)
        object.append("approvalCode", approvalCode)
        object.append("partialApprovalAllowed", .bool(partialApprovalAllowed))
        if let reportedNet { object.append("reportedNet", .integer(reportedNet)) }
        return .object(object)
    }

    init?(json: JSONValue) {
        guard let kind = json["kind"]?.string.flatMap(Kind.init(rawValue:)), let key = json["key"].flatMap(HostExchangeKey.init(json:)),
            let retrievalReference = json["rrn"]?.string, let batch = json["batch"]?.string, let account = json["account"]?.string,
            let processingCode = json["processingCode"]?.string, let functionCode = json["functionCode"]?.string,
            let reasonCode = json["reasonCode"]?.string, let amount = json["amount"]?.integer.flatMap(ledgerAmount),
            let currency = json["currency"]?.string, let partialApprovalAllowed = json["partialApprovalAllowed"]?.bool
        else { return nil }
        self.init(
            kind: kind, key: key, original: json["original"].flatMap(HostExchangeKey.init(json:)), retrievalReference: retrievalReference,
            batch: batch, account: account, cardToken: json["cardToken"]?.string ?? "", processingCode: processingCode,
            functionCode: functionCode, reasonCode: reasonCode,
            amount: amount, currency: currency, approvalCode: json["approvalCode"]?.string, partialApprovalAllowed: partialApprovalAllowed,
            reportedNet: json["reportedNet"]?.integer)
    }
}

extension LedgerDecision {
    var json: JSONValue {
        var object = JSONObject()
        object.append("actionCode", actionCode)
        object.append("approved", .bool(isApproved))
        object.append("amount", .integer(amount))
        object.append("approvalCode", approvalCode)
        if !iccData.isEmpty { object.append("iccData", iccData.hex) }
        if let cardToken { object.append("cardToken", cardToken) }
        if let balance { object.append("balance", .integer(balance)) }
        if let net { object.append("net", .integer(net)) }
        return .object(object)
    }

    init?(json: JSONValue) {
        guard let actionCode = json["actionCode"]?.string, let isApproved = json["approved"]?.bool,
            let amount = json["amount"]?.integer.flatMap(ledgerAmount), let iccData = [UInt8](hex: json["iccData"]?.string ?? "")
        else { return nil }
        self.init(
            actionCode: actionCode, isApproved: isApproved, amount: amount, approvalCode: json["approvalCode"]?.string, iccData: iccData,
            cardToken: json["cardToken"]?.string, balance: json["balance"]?.integer, net: json["net"]?.integer)
    }
}

extension HostExchangeKey {
    fileprivate var json: JSONValue {
        ["terminal": .string(terminal), "mti": .string(messageType), "stan": .string(stan), "dateTime": .string(dateTime)]
    }

    fileprivate init?(json: JSONValue) {
        guard let terminal = json["terminal"]?.string, let messageType = json["mti"]?.string, let stan = json["stan"]?.string,
            let dateTime = json["dateTime"]?.string
        else { return nil }
        self.init(terminal: terminal, messageType: messageType, stan: stan, dateTime: dateTime)
    }
}

/// Field 4 has twelve digits; a larger number in the file is none that we wrote.
private func ledgerAmount(_ value: Int64) -> Int64? { (0...999_999_999_999).contains(value) ? value : nil }
