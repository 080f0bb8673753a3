import ISO8583
import Keys

/// The host as a pure value: a message goes in, actions come out. No socket, clock or file; `HostSimulator` carries the actions out.
public struct HostMachine: Sendable {
    public internal(set) var ledger: HostLedger
    public var faults = HostFaults()
    public let dialect: Dialect
    let vocabulary: HostVocabulary
    let issuer: IssuerCryptography?
    public internal(set) var keys: HostMACKeys
    /// Of the request being answered.
    var answerKey: SecretBytes
    /// Under which new MAC keys are sent.
    let keyProtection: SecretBytes
    /// The next MAC key after this one.
    let newKey: @Sendable (SecretBytes) -> SecretBytes
    /// Whether the books keep every field of a message, or only those that tell one from another.
    private let keepsAllFields: Bool
    let pins: HostPINs?
    /// Wrong PINs in a row by card token.
    var wrongPINs: [String: Int] = [:]
    private let decoder: MessageDecoder
    let encoder: MessageEncoder

    public enum Action: Sendable {
        /// Into the file before anything is answered.
        case record(LedgerEntry)
        /// Send these bytes (length header included) after so many milliseconds, then tell `sent`; `nil` for garbage, which no books keep.
        case send([UInt8], after: Int64, answer: Message?)
        case close
        /// Into the file before anything is answered.
        case keepKeys(HostMACKeys)
        /// For the log; safe.
        case note(String)
    }

    /// - Parameters:
    ///   - issuer: without one, cryptograms are neither checked nor answered.
    ///   - pins: without them, online PINs are not looked at.
    ///   - newKey: the next MAC key after this one; chance if left out.
    ///   - keepsAllFields: `false` for schedules of faults, whose books nobody reads.
    public init(
        dialect: Dialect, ledger: HostLedger = HostLedger(), issuer: IssuerCryptography? = nil,
        keys: HostMACKeys = HostMACKeys(LabKeys.hostMAC),
        keyProtection: SecretBytes = LabKeys.keyProtection, pins: HostPINs? = nil,
        newKey: @escaping @Sendable (SecretBytes) -> SecretBytes = { old in
            SecretBytes((0..<old.count).map { _ in .random(in: .min ... .max) })
        },
        keepsAllFields: Bool = true
    ) {
        self.dialect = dialect
        vocabulary = HostVocabulary(dialect)
        self.ledger = ledger
        self.issuer = issuer
        self.keys = keys
        answerKey = keys.inForce
        self.keyProtection = keyProtection
        self.newKey = newKey
        self.keepsAllFields = keepsAllFields
        self.pins = pins
        decoder = MessageDecoder(dialect: dialect)
        encoder = MessageEncoder(dialect: dialect)
    }

    /// One message without its length header.
    public mutating func received(_ bytes: [UInt8], time: String) -> [Action] {
        let received: MessageDecoder.Received
        do throws(ISO8583Error) { received = try decoder.decode(bytes) } catch {
            return [.note("undecodable message, connection closed: \(error)"), .close]
        }
        let message = received.message
        let logged = logged(message, .received, time)
        guard let answerType = dialect.answer(to: message.mti) else {
            return [record(LedgerEntry(message: logged)), .note("\(message.mti) is no request of this dialect: not answered")]
        }
        let (isAuthentic, confirmation) = authenticate(received)
        guard isAuthentic else {
            return [record(LedgerEntry(message: logged)), .note("\(message.mti): wrong MAC")]
                + refusal(HostActionCode.macIncorrect, message, answerType)
        }
        var request: LedgerRequest
        do throws(ISO8583Error) {
            if let fault = presenceFault(message) { throw fault }
            guard let read = try LedgerRequest(message, vocabulary) else {
                throw ISO8583Error(.malformed, "mti", "is a class that this host does not do")
            }
            request = read
            // A card on file: the books know whose it is.
            if request.account.isEmpty, !request.cardToken.isEmpty { request.account = ledger.account(of: request.cardToken) ?? "" }
        } catch {
            return confirmation + [record(LedgerEntry(message: logged)), .note("\(message.mti): \(error)")]
                + refusal(HostActionCode.formatError, message, answerType)
        }
        return confirmation + answer(request, message, answerType, logged)
    }

    /// An answer left: it belongs in the books.
    public mutating func sent(_ message: Message, time: String) -> LedgerEntry {
        let entry = LedgerEntry(message: logged(message, .sent, time))
        ledger.record(entry)
        return entry
    }

    private mutating func answer(
        _ request: LedgerRequest, _ message: Message, _ answerType: String, _ logged: LedgerMessage
    ) -> [Action] {
        if isKeyChange(request) { return [record(LedgerEntry(message: logged))] + changeKey(request, message, answerType) }
        let behaviour = faults.behaviour(of: request.kind, amount: request.amount)
        let decision: LedgerDecision
        var booking: LedgerEntry.Booking?
        var note: String?
        switch ledger.verdict(on: request) {
        case .repeated(let first): decision = first
        case .decided(let own):
            decision = own
            booking = .init(request: request, decision: own)
        case .open:
            (decision, note) = decide(request, message, behaviour)
            booking = .init(request: request, decision: decision)
        }
        let actions = [record(LedgerEntry(message: logged, booking: request.kind == .network ? nil : booking))]
        return actions + (note.map { [.note("\(message.mti): \($0)")] } ?? [])
            + deliver(answerMessage(decision, request, message, answerType), request.kind, behaviour.delivery)
    }

    private mutating func record(_ entry: LedgerEntry) -> Action {
        ledger.record(entry)
        return .record(entry)
    }

    /// What must be there of the request; fields that have no place in it do no harm.
    private func presenceFault(_ message: Message) -> ISO8583Error? {
        guard let definition = dialect.definition(of: message.mti) else { return ISO8583Error(.missing, "mti", "is not in the dialect") }
        return definition.absentField(in: message).map { ISO8583Error(.missing, String($0), "is mandatory") }
    }

    private func logged(_ message: Message, _ direction: LedgerMessage.Direction, _ time: String) -> LedgerMessage {
        keepsAllFields
            ? LedgerMessage(message, direction: direction, time: time) : LedgerMessage(naming: message, direction: direction, time: time)
    }
}
