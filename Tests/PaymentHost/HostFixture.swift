import ISO8583
import Keys
import Money

@testable import PaymentHost

/// One terminal, one merchant, one card, and a host that answers as the tests say.
struct HostFixture {
    static let pan = "4761739001010010"
    static let track2 = "4761739001010010=29122011758928889"
    static let macKey = SecretBytes([UInt8](repeating: 0x5A, count: 16))
    static let usd = Currency("USD") ?? Currency(numericCode: 840, alphabeticCode: "USD", exponent: 2)
    static let merchant = MerchantIdentity(
        terminalID: "TERM0001", merchantID: "MERCHANT1", nameAndLocation: "Corner Shop, Springfield", categoryCode: "5411",
        acquirerID: "12345678901")

    let dialect: Dialect
    var mapping: DialectMapping

    init(
        _ dialect: Dialect? = nil, terminal: PointOfServiceTerminal = PointOfServiceTerminal(), macKey: SecretBytes? = HostFixture.macKey
    ) throws {
        let dialect = try dialect ?? Dialect.named("iso8583-1993")
        self.dialect = dialect
        mapping = try DialectMapping(dialect: dialect, merchant: Self.merchant, terminal: terminal, macKey: macKey)
    }

    static func amount(_ minorUnits: Int64) -> Amount { Amount(minorUnits: minorUnits, currency: usd) ?? .zero(usd) }

    static func exchange(_ mti: String, _ stan: Int) -> ExchangeIdentity {
        ExchangeIdentity(
            mti: mti, stan: stan, localDateTime: "261122214809", transmissionDateTime: "1122204809", retrievalReference: "632620000001")
    }

    static func sale(_ stan: Int, amount minorUnits: Int64 = 500, entryMode: EntryMode = .chip) throws -> FinancialRequest {
        guard let pan = PAN(pan) else { throw PaymentHostError(.merchant, "no card number") }
        let isManual = entryMode == .manual
        return FinancialRequest(
            exchange: exchange("1200", stan), functionCode: "200", processingCode: "000000", amount: amount(minorUnits),
            card: .clear(
                HostCardData(
                    pan: pan, expiry: "2912", track2: isManual ? nil : SecretBytes(track2.utf8),
                    panSequenceNumber: entryMode == .chip ? 1 : nil,
                    iccData: entryMode == .chip ? [0x9F, 0x26, 0x01, 0xAA] : nil)),
            entryMode: entryMode, authentication: .notAuthenticated, batchNumber: 7)
    }

    static func reversal(_ stan: Int, isRepeat: Bool = false) -> ReversalRequest {
        ReversalRequest(
            exchange: exchange("1420", stan), original: exchange("1200", stan - 1), reason: .noAnswer, processingCode: "000000",
            amount: amount(500), approvalCode: nil, iccData: nil, entryMode: .chip, batchNumber: 7, isRepeat: isRepeat)
    }

    /// The answer a host makes of a request: the echoes, and what `change` adds or spoils.
    func answer(to request: Message, _ actionCode: String = "000", _ change: (inout Message) -> Void = { _ in }) throws -> Message {
        guard let type = dialect.answer(to: request.mti) else { throw PaymentHostError(.dialect, "\(request.mti) has no answer") }
        var answer = Message(mti: type)
        for number in dialect.messages[type]?.echo ?? [] { answer[number] = request[number] }
        answer.set(39, actionCode)
        if dialect.action(actionCode).meaning == .approved { answer.set(38, "A00001") }
        change(&answer)
        return answer
    }

    /// Frame of an answer; `spoilingMAC` flips one bit of it.
    func frame(_ message: Message, spoilingMAC: Bool = false) throws -> [UInt8] {
        var frame = try mapping.frame(message)
        if spoilingMAC { frame[frame.count - 1] ^= 1 }
        return frame
    }

    /// What a frame of ours holds.
    func message(in frame: [UInt8]) throws -> Message {
        var frames = FrameDecoder(header: dialect.header)
        frames.append(frame)
        guard case .frame(let bytes) = frames.next() else { throw PaymentHostError(.dialect, "not one whole frame") }
        return try mapping.decode(bytes).message
    }
}

extension HostOutcome {
    /// For comparing: kind, action code or reason.
    var summary: String {
        switch self {
        case .answered(let answer): "answered \(answer.actionCode)"
        case .notConnected: "notConnected"
        case .notSent: "notSent"
        case .noAnswer: "noAnswer"
        case .badAnswer(let reason): "badAnswer \(reason)"
        }
    }
}
