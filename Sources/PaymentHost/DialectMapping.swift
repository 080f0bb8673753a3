import ISO8583
import Keys
import Money

/// Turns what the terminal wants into messages of a dialect and answers back. Pure: no link, no clock.
public struct DialectMapping: Sendable {
    public let dialect: Dialect
    let merchant: MerchantIdentity
    let terminal: PointOfServiceTerminal
    /// In force for what is sent from now on.
    private(set) var macKey: SecretBytes?
    private let encoder: MessageEncoder
    private let decoder: MessageDecoder

    /// Throws when the merchant's data do not fit their fields, the key is none, or the dialect lacks a code; so later no message can fail for that.
    public init(
        dialect: Dialect, merchant: MerchantIdentity, terminal: PointOfServiceTerminal, macKey: SecretBytes?
    ) throws(PaymentHostError) {
        let lengths = dialect.mac.keyLengths
        if let macKey, !lengths.isEmpty, !lengths.contains(macKey.count) {
            let wanted = lengths.map(String.init).joined(separator: ", ")
            throw PaymentHostError(
                .macKey, "The MAC key has \(macKey.count) bytes.", remedy: "For \(dialect.mac.algorithm.rawValue): \(wanted).")
        }
        self.dialect = dialect
        self.merchant = merchant
        self.terminal = terminal
        self.macKey = dialect.mac.algorithm == .none ? nil : macKey
        encoder = MessageEncoder(dialect: dialect)
        decoder = MessageDecoder(dialect: dialect)
        try check()
    }

    /// The message on the wire: length header, message, MAC.
    public func frame(_ message: Message) throws(ISO8583Error) -> [UInt8] {
        guard let macKey else { return try encoder.frame(message) }
        return try encoder.frame(message) { try dialect.mac.code(for: $0, key: macKey) }
    }

    public mutating func use(_ key: SecretBytes) { macKey = key }

    public func decode(_ frame: [UInt8]) throws(ISO8583Error) -> MessageDecoder.Received { try decoder.decode(frame) }

    /// Why the MAC of `received` under `key` cannot be trusted; `nil` when it is right or none is agreed.
    func macFault(_ received: MessageDecoder.Received, under key: SecretBytes?) -> ISO8583Error? {
        guard let key else { return nil }
        let field = received.message.contains(128) ? "128" : "64"
        guard let mac = received.mac else { return ISO8583Error(.missing, field, "the MAC is missing") }
        guard let expected = try? dialect.mac.code(for: received.authenticated, key: key),
            constantTimeEqual(expected, mac)
        else { return ISO8583Error(.malformed, field, "the MAC is wrong") }
        return nil
    }

    private func check() throws(PaymentHostError) {
        let values: [(Int, String, String)] =
            [
                (41, merchant.terminalID, "terminal id"), (42, merchant.merchantID, "merchant id"),
                (43, merchant.nameAndLocation, "name and location"), (32, merchant.acquirerID, "acquirer id"),
            ] + (dialect.placement.merchantCategory.map { [($0, merchant.categoryCode, "category code")] } ?? [])
        for (number, value, name) in values where !(number == 32 && value.isEmpty) {
            guard let field = dialect.fields[number] else {
                throw PaymentHostError(.dialect, "Dialect \(dialect.name) has no field \(number).")
            }
            if value.isEmpty || !fits(number, value) {
                throw PaymentHostError(
                    .merchant, "The \(name) does not fit field \(number).",
                    remedy: "It is \(field.format.rawValue), \(field.length == .fixed && field.format == .n ? "exactly" : "at most") "
                        + "\(field.maximum) long, without letters outside ASCII.")
            }
        }
        for entryMode in [EntryMode.contactless, .chip, .swiped, .chipSwiped, .manual] {
            for authentication in [HostCardholderAuthentication.notAuthenticated, .onlinePIN, .offlinePIN, .signature] {
                let code = PointOfServiceCode(terminal: terminal, entryMode: entryMode, authentication: authentication)
                for number in dialect.pointOfService.keys.sorted() where !fits(number, try code.text(number, dialect)) {
                    throw PaymentHostError(.dialect, "pointOfService \(number) of dialect \(dialect.name) does not fit its field.")
                }
            }
        }
        try checkCodes()
        for amount in ["tip", "cashback", "surcharge", "tax", "availableBalance"] where dialect.amountTypes[amount] == nil {
            throw PaymentHostError(.dialect, "Dialect \(dialect.name) has no amount type for \(amount).")
        }
    }

    private func checkCodes() throws(PaymentHostError) {
        let placement = dialect.placement
        let functions =
            (placement.functionCode.map { [($0, "reversal"), ($0, "reconciliation")] } ?? [])
            + NetworkFunction.always.map { (placement.networkFunction, $0.rawValue) }
        for (number, function) in functions {
            guard let code = dialect.functionCodes[function], fits(number, code) else {
                throw PaymentHostError(.dialect, "Dialect \(dialect.name) has no function code for \(function).")
            }
        }
        guard let field = placement.reasonCode else { return }
        let reasons = ReversalRequest.Reason.allCases.map(\.rawValue) + AdviceRequest.Reason.allCases.map(\.rawValue)
        for reason in reasons where !fits(field, dialect.reasonCodes[reason] ?? reason) {
            throw PaymentHostError(.dialect, "Dialect \(dialect.name) has no reason code for \(reason).")
        }
    }

    private func fits(_ number: Int, _ value: String) -> Bool {
        var probe = Message(mti: dialect.networkRequest)
        probe.set(number, value)
        return (try? encoder.encode(probe)) != nil
    }
}
