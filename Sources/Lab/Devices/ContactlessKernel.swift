import EMV
import Keys
import Money
import SmartCard

/// The kernel inside the lab's contactless reader: takes a card of the lab as far as its request to go online, and makes the reader's data objects of
/// it. It stands for the payment systems' contactless kernels, whose cards the lab does not have: what the terminal sees of it, tags and cryptogram,
/// is right; the dialogue over the air is not rehearsed.
struct ContactlessKernel: Sendable {
    enum Outcome: Sendable {
        /// Attribution byte and data objects of the response to 02-40.
        case online([BERTLV])
        case declined
        /// No card application, or a card that fell silent.
        case failed
    }

    struct Request: Sendable {
        var amount: Int64
        var amountOther: Int64
        var transactionType: UInt8
        var currency: Int
        var date: [UInt8]
        var time: [UInt8]
        var unpredictableNumber: [UInt8]
    }

    /// Commands after which a card is taken for broken.
    private static let mostCommands = 64

    static func tap(_ card: any VirtualCard, _ request: Request) -> Outcome {
        guard let currency = Currency(numericCode: request.currency), let answerToReset = card.reset() else { return .failed }
        defer { card.powerOff() }
        var terminal = TerminalData()
        terminal.capabilities = [.chip, .noCVM]
        let zero = Amount.zero(currency)
        let transaction = KernelTransaction(
            transactionType: request.transactionType, amountAuthorised: Amount(minorUnits: request.amount, currency: currency) ?? zero,
            amountOther: Amount(minorUnits: request.amountOther, currency: currency) ?? zero, date: date(request.date), time: request.time,
            sequenceCounter: 1, unpredictableNumber: request.unpredictableNumber, forceOnline: true)
        var kernel = ContactKernel(
            terminal: terminal, applications: applications, transaction: transaction, authorities: .none)
        var event = KernelEvent.start(answerToReset: answerToReset)
        for _ in 0..<mostCommands {
            var next: KernelEvent?
            for action in kernel.on(event) {
                switch action {
                case .transmit(let command):
                    guard let bytes = try? command.serialized(), let answer = card.process(bytes),
                        let response = try? ResponseAPDU.parse(answer)
                    else { return .failed }
                    next = .response(response)
                case .chooseApplication: next = .applicationChosen(0)
                // Its terminal data claim no PIN.
                case .enterPIN: return .failed
                case .goOnline(let online): return .online(objects(online))
                case .finished(let outcome): return outcome.verdict == .declined || outcome.verdict == .approved ? .declined : .failed
                }
            }
            guard let next else { return .failed }
            event = next
        }
        return .failed
    }

    /// The payment systems' AIDs, as the terminal has them.
    private static let applications: [ApplicationConfiguration] = [
        [0xA0, 0, 0, 0, 3, 0x10, 0x10], [0xA0, 0, 0, 0, 4, 0x10, 0x10], [0xA0, 0, 0, 0, 0x25, 0x01], [0xA0, 0, 0, 1, 0x52, 0x30, 0x10],
    ].map { ApplicationConfiguration(aid: $0) }

    private static func date(_ bytes: [UInt8]) -> KernelDate {
        func number(_ byte: UInt8) -> Int { Int(byte >> 4) * 10 + Int(byte & 0x0F) }
        guard bytes.count == 3 else { return KernelDate(year: 2026, month: 1, day: 1) }
        return KernelDate(year: 2000 + number(bytes[0]), month: number(bytes[1]), day: number(bytes[2]))
    }

    private static func objects(_ online: OnlineRequest) -> [BERTLV] {
        var objects = (try? BERTLV.parse(online.iccData)) ?? []
        if let track2 = online.card.track2 { objects.append(BERTLV(0x57, equivalentData(track2))) }
        if let sequence = online.card.panSequenceNumber {
            objects.append(BERTLV(0x5F34, [UInt8(truncatingIfNeeded: sequence / 10 << 4 | sequence % 10)]))
        }
        let label = online.receipt.label
        if !label.isEmpty { objects.append(BERTLV(0x50, Array(label.utf8))) }
        if objects.first(0x84) == nil { objects.append(BERTLV(0x84, online.receipt.aid)) }
        // POS entry mode: contactless EMV.
        objects.append(BERTLV(0x9F39, [0x07]))
        return objects
    }

    /// Digits two a byte, `=` as D, F in front of nothing.
    private static func equivalentData(_ track2: SecretBytes) -> [UInt8] {
        var nibbles = track2.withBytes { $0.map { $0 == 0x3D ? UInt8(0x0D) : $0 & 0x0F } }
        if !nibbles.count.isMultiple(of: 2) { nibbles.append(0x0F) }
        return stride(from: 0, to: nibbles.count, by: 2).map { nibbles[$0] << 4 | nibbles[$0 + 1] }
    }
}
