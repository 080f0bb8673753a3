import Keys

/// Commands to a DynaPro one after the other, each acknowledged (feature report 01), then the wait for the input report that ends the last of them.
struct DynaProExchange: HIDExchange {
    enum Purpose: Sendable, Hashable {
        /// No input report is awaited.
        case command
        case pin
        case swipe
        case keyed
        case state
    }

    enum Outcome: Sendable {
        case done
        case pin(PINEntry)
        case swipe(StripeRead?)
        case keyed(KeyedCard)
        case state(DynaProReports.State)
    }

    private enum Phase: Sendable, Hashable { case writing, acknowledging, waiting, collecting, stopping, stopped, over }

    private let descriptor: HIDReportDescriptor
    private let purpose: Purpose
    private let limit: Duration
    private var pending: [DynaProReports.Command]
    private var phase = Phase.writing
    private var outcome: Result<Outcome, DeviceError>?
    private var unexpected = 0
    private var cards = DynaProCard()

    private static let toleratedReports = 64
    private static let collectLimit: Duration = .seconds(3)
    private static let stopLimit: Duration = .seconds(2)

    init(_ commands: [DynaProReports.Command], _ purpose: Purpose, limit: Duration, descriptor: HIDReportDescriptor) {
        pending = commands
        self.purpose = purpose
        self.limit = limit
        self.descriptor = descriptor
    }

    mutating func on(_ event: HIDExchangeEvent) -> HIDExchangeAction<Outcome> {
        switch (phase, event) {
        case (.over, _): return finish()
        case (.writing, .start): return next()
        case (.writing, .written):
            phase = .acknowledging
            return .get(.feature, id: DynaProReports.acknowledgement, length: acknowledgementLength)
        case (.acknowledging, .answered(let answer)): return acknowledged(answer)
        case (.waiting, .received(let report)): return received(report)
        case (.waiting, .expired): return stop(timedOut)
        case (.waiting, .stalled): return received([])
        case (.collecting, .written): return .wait(Self.collectLimit)
        case (.collecting, .received(let report)): return collected(report)
        // What came so far is what there is.
        case (.collecting, .expired): return end(read)
        case (.collecting, .stalled): return collected([])
        case (.stopping, .written):
            phase = .stopped
            return .get(.feature, id: DynaProReports.acknowledgement, length: acknowledgementLength)
        case (.stopped, .answered): return .wait(Self.stopLimit)
        case (.stopped, .received(let report)):
            unexpected += 1
            // The cancelled command's own end report; then the pad is idle again.
            let isEnd = report.first == DynaProReports.pinResponse || report.first == DynaProReports.cardStatus
            return isEnd || unexpected >= Self.toleratedReports ? finish() : .wait(Self.stopLimit)
        case (.stopping, _), (.stopped, _): return finish()
        case (_, .cancelled): return stop(.failure(DeviceError(.cancelled, "the command was cancelled")))
        case (.writing, _), (.acknowledging, _): return end(.failure(DeviceError(.refused, "the PIN pad does not take the command")))
        case (.waiting, _), (.collecting, _): return end(.failure(DeviceError(.protocolViolation, "the PIN pad answers out of order")))
        }
    }

    private var acknowledgementLength: Int {
        (descriptor.report(.feature, id: DynaProReports.acknowledgement)?.byteCount ?? 4) + 1
    }

    private var timedOut: Result<Outcome, DeviceError> {
        switch purpose {
        case .pin: .success(.pin(.timedOut))
        case .swipe: .success(.swipe(nil))
        case .keyed: .success(.keyed(.timedOut))
        case .command, .state: .failure(DeviceError(.timeout, "the PIN pad does not answer"))
        }
    }

    private mutating func next() -> HIDExchangeAction<Outcome> {
        guard !pending.isEmpty else { return end(.success(.done)) }
        phase = .writing
        return .write([pending.removeFirst().report(descriptor)])
    }

    private mutating func acknowledged(_ answer: [UInt8]) -> HIDExchangeAction<Outcome> {
        guard answer.count >= 2, answer[0] == DynaProReports.acknowledgement else {
            return end(.failure(DeviceError(.protocolViolation, "the PIN pad does not acknowledge")))
        }
        if let refusal = DynaProReports.refusal(answer[1]) { return end(.failure(refusal)) }
        if !pending.isEmpty || purpose == .command { return next() }
        phase = .waiting
        return .wait(limit)
    }

    private mutating func received(_ report: [UInt8]) -> HIDExchangeAction<Outcome> {
        unexpected += 1
        guard unexpected < Self.toleratedReports else {
            return stop(.failure(DeviceError(.protocolViolation, "the PIN pad sends no answer")))
        }
        switch (report.first, purpose) {
        case (DynaProReports.delayedAcknowledgement, _):
            guard report.count >= 2, let refusal = DynaProReports.refusal(report[1]) else { return .wait(limit) }
            return end(.failure(refusal))
        case (DynaProReports.pinResponse, .pin): return end(Self.pin(report).map { .pin($0) })
        case (DynaProReports.cardStatus, .swipe), (DynaProReports.cardStatus, .keyed): return cardStatus(report)
        case (DynaProReports.deviceState, .state):
            guard let state = DynaProReports.State(report) else { return .wait(limit) }
            return end(.success(.state(state)))
        default: return .wait(limit)
        }
    }

    /// Report 24: status, key serial number, encrypted PIN block.
    private static func pin(_ report: [UInt8]) -> Result<PINEntry, DeviceError> {
        guard report.count >= 2, let status = DynaProReports.OperationStatus(rawValue: report[1]) else {
            return .failure(DeviceError(.refused, "the PIN pad could not take the PIN"))
        }
        switch status {
        case .done:
            guard report.count >= 20 else { return .failure(DeviceError(.protocolViolation, "the PIN pad's answer is cut off")) }
            return .success(.entered(block: SecretBytes(report[12..<20]), keySerialNumber: Array(report[2..<12])))
        case .cancelledByUser, .cancelledByHost: return .success(.cancelled)
        case .timedOut: return .success(.timedOut)
        case .verificationFailed, .keypadSecurity: return .failure(DeviceError(.refused, "the PIN pad could not take the PIN"))
        }
    }

    private mutating func cardStatus(_ report: [UInt8]) -> HIDExchangeAction<Outcome> {
        guard report.count >= 4, let status = DynaProReports.OperationStatus(rawValue: report[1]), status == .done else {
            return end(purpose == .keyed ? Self.notKeyed(report) : .success(.swipe(nil)))
        }
        guard purpose != .keyed || report[3] == DynaProReports.manualCard else {
            return end(.failure(DeviceError(.protocolViolation, "the PIN pad was asked for a typed card and has another")))
        }
        cards.failed(status: report[2])
        phase = .collecting
        unexpected = 0
        // Fetched without its acknowledgement: the card data itself acknowledges.
        return .write([DynaProReports.Command.requestCardData.report(descriptor)])
    }

    private mutating func collected(_ report: [UInt8]) -> HIDExchangeAction<Outcome> {
        unexpected += 1
        guard unexpected < Self.toleratedReports else { return end(read) }
        guard report.first == DynaProReports.cardData, cards.take(report) else { return .wait(Self.collectLimit) }
        return end(read)
    }

    private var read: Result<Outcome, DeviceError> {
        guard purpose == .keyed else { return .success(.swipe(cards.read)) }
        guard let card = cards.keyed else {
            return .failure(DeviceError(.protocolViolation, "the PIN pad does not tell the card that was typed"))
        }
        return .success(.keyed(card))
    }

    private static func notKeyed(_ report: [UInt8]) -> Result<Outcome, DeviceError> {
        switch report.count >= 2 ? DynaProReports.OperationStatus(rawValue: report[1]) : nil {
        case .cancelledByUser, .cancelledByHost: .success(.keyed(.cancelled))
        case .timedOut: .success(.keyed(.timedOut))
        case .done: .failure(DeviceError(.protocolViolation, "the PIN pad's answer is cut off"))
        case .verificationFailed, .keypadSecurity, nil: .failure(DeviceError(.refused, "the PIN pad could not take a card number"))
        }
    }

    private mutating func stop(_ result: Result<Outcome, DeviceError>) -> HIDExchangeAction<Outcome> {
        outcome = result
        phase = .stopping
        unexpected = 0
        return .write([DynaProReports.Command.cancel.report(descriptor)])
    }

    private mutating func end(_ result: Result<Outcome, DeviceError>) -> HIDExchangeAction<Outcome> {
        outcome = result
        return finish()
    }

    private mutating func finish() -> HIDExchangeAction<Outcome> {
        phase = .over
        return .finish(outcome ?? .failure(DeviceError(.protocolViolation, "the exchange is over")))
    }
}

/// The card data reports (23) of one swipe: tracks in clear or masked, encrypted, and the key serial number as the last but one.
struct DynaProCard: Sendable {
    private var data: [UInt8: [UInt8]] = [:]
    private var failedTracks: Set<Int> = []

    init() {}

    /// Card status of report 22: bits 1 to 3 are errors of tracks 1 to 3.
    mutating func failed(status: UInt8) { failedTracks = Set((1...3).filter { status >> UInt8($0) & 1 == 1 }) }

    /// Whether the report was the last one.
    mutating func take(_ report: [UInt8]) -> Bool {
        guard report.count >= 4 else { return false }
        let (id, status, length) = (report[1], report[2], Int(report[3]))
        if status == 0, report.count >= 4 + length { data[id] = Array(report[4..<(4 + length)]) }
        return id == 0x63
    }

    /// Of tracks that the pad made up of what was typed: `;PAN=` four digits of expiry, fillings, code (D99875629-43, page 49). What stands behind the
    /// expiry is not looked at.
    var keyed: KeyedCard? {
        if let encrypted = read?.encrypted { return .encrypted(encrypted) }
        let (track2, track1) = (data[2] ?? [], data[1] ?? [])
        return Self.keyed(track2.dropFirst(), first: 0x3B, of: track2, endingNumberWith: 0x3D)
            ?? Self.keyed(track1.dropFirst(2), first: 0x25, of: track1, endingNumberWith: 0x5E)
    }

    private static func keyed(_ rest: ArraySlice<UInt8>, first: UInt8, of track: [UInt8], endingNumberWith separator: UInt8) -> KeyedCard? {
        guard track.first == first else { return nil }
        let fields = rest.split(separator: separator, omittingEmptySubsequences: false)
        guard fields.count >= 2, let number = fields.first, let last = fields.last, last.count > 4 else { return nil }
        return .entered(number: SecretBytes(number), expiry: String(decoding: last.prefix(4), as: UTF8.self))
    }

    var read: StripeRead? {
        let encrypted = (UInt8(4)...6).map { data[$0] ?? [] }
        guard encrypted.contains(where: { !$0.isEmpty }) else {
            let clear = (UInt8(1)...3).map { data[$0].flatMap { $0.isEmpty ? nil : SecretBytes($0) } }
            guard clear.contains(where: { $0 != nil }) || !failedTracks.isEmpty else { return nil }
            return StripeRead(track1: clear[0], track2: clear[1], track3: clear[2], failedTracks: failedTracks)
        }
        return StripeRead(
            encrypted: EncryptedTracks(
                scheme: "MAGNESAFE-TDES", keySerialNumber: Array((data[0x63] ?? []).prefix(10)), track1: encrypted[0], track2: encrypted[1],
                track3: encrypted[2], maskedTrack2: data[2].map { String(decoding: $0, as: UTF8.self) }),
            failedTracks: failedTracks)
    }
}
