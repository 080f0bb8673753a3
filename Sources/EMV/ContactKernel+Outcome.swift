import Keys
import SmartCard

extension ContactKernel {
    /// `KernelOutcome.reason`: stable texts.
    enum Reason: String, Sendable {
        case cardLost
        case cancelledByCardholder
        /// Nobody typed.
        case cardholderTimedOut
        /// The caller gave an event that does not fit.
        case unexpectedEvent
        case dialogueTooLong
        // Selection
        case noCommonApplication
        case applicationBlocked
        case cardBlocked
        case applicationNotSelectable
        case chipNotUsable
        // Application
        case conditionsNotSatisfied
        case cardCommandFailed
        case malformedData
        case missingData
        case redundantData
        case tooManyRecords
        // Decision
        case declinedByTerminal
        case declinedByCard
        case declinedByIssuer
        case cardRefusedAfterIssuerApproval
        case serviceNotAllowed
        case pinTryLimitExceeded
        case issuerAuthenticationFailed
        case unableToGoOnline
        case combinedAuthenticationFailed
        case cryptogramNotAsRequested
    }

    mutating func finish(_ verdict: KernelOutcome.Verdict, _ reason: Reason? = nil) -> [KernelAction] {
        // Scripts after the last cryptogram are for a card that gave one.
        if verdict != .approved, verdict != .declined { abandonScripts() }
        settled = (verdict, reason)
        phase = scripts.isEmpty ? .over : .settled
        return [.finished(outcome(verdict, reason))]
    }

    mutating func finishAfterScripts() -> [KernelAction] {
        phase = .over
        return settled.map { [.finished(outcome($0.verdict, $0.reason))] } ?? finish(.terminated, .unexpectedEvent)
    }

    /// No card any more. What was told before stays true, the scripts behind it fail.
    mutating func loseCard() -> [KernelAction] {
        abandonScripts()
        return settled == nil ? finish(.cardLost, .cardLost) : finishAfterScripts()
    }

    private func outcome(_ verdict: KernelOutcome.Verdict, _ reason: Reason?) -> KernelOutcome {
        KernelOutcome(
            verdict: verdict, reason: reason?.rawValue, card: cardData, receipt: receiptData,
            finalICCData: candidate == nil ? [] : finalICCData, adviceICCData: verdict == .approved ? adviceICCData : [],
            hasPendingScripts: !scripts.isEmpty,
            adviceRequired: (data.bytes(0x9F27)?.first ?? 0) & 0x08 != 0)
    }

    /// `nil` until the account number is read.
    var cardData: KernelCardData? {
        guard let pan = accountNumber else { return nil }
        return KernelCardData(pan: pan, track2: track2, expiry: expiry, panSequenceNumber: panSequenceNumber)
    }

    /// 5A: digits, padded with F. `nil` for anything else.
    var accountNumber: PAN? {
        data.secret(0x5A)?.withBytes { bytes -> PAN? in
            var digits = bytes.flatMap { [$0 >> 4, $0 & 0x0F] }
            while digits.last == 0x0F { digits.removeLast() }
            guard digits.allSatisfy({ $0 <= 9 }) else { return nil }
            return PAN(String(decoding: digits.map { 0x30 + $0 }, as: UTF8.self))
        }
    }

    /// 57 with D as `=` and without the padding F; `nil` when it is not digits, one separator, digits.
    private var track2: SecretBytes? {
        data.secret(0x57)?.withBytes { bytes -> SecretBytes? in
            var nibbles = bytes.flatMap { [$0 >> 4, $0 & 0x0F] }
            if nibbles.last == 0x0F { nibbles.removeLast() }
            guard nibbles.filter({ $0 == 0x0D }).count == 1, nibbles.allSatisfy({ $0 <= 9 || $0 == 0x0D }) else { return nil }
            return SecretBytes(nibbles.map { $0 == 0x0D ? 0x3D : 0x30 + $0 })
        }
    }

    private var expiry: String? {
        guard let bytes = data.bytes(0x5F24), bytes.count == 3, NumericCoding.value(bytes) != nil else { return nil }
        return bytes.prefix(2).hex
    }

    private var panSequenceNumber: Int? {
        guard let bytes = data.bytes(0x5F34), bytes.count == 1 else { return nil }
        return NumericCoding.value(bytes)
    }

    var receiptData: KernelReceiptData {
        var receipt = KernelReceiptData()
        guard let candidate else { return receipt }
        receipt.aid = candidate.aid
        receipt.label = candidate.label
        receipt.preferredName = candidate.preferredName
        receipt.tvr = verificationResults.bytes
        receipt.tsi = statusInformation.bytes
        receipt.cvmResults = data.bytes(0x9F34) ?? []
        receipt.cryptogram = data.bytes(0x9F26) ?? []
        receipt.cryptogramInformation = data.bytes(0x9F27)?.first
        receipt.atc = data.bytes(0x9F36) ?? []
        receipt.cvm = cardholderVerification
        receipt.scriptResults = data.bytes(0x9F5B) ?? []
        receipt.languages = languages
        receipt.objects = finalData.objects(dataObjects.receipt.map(\.tag))
        return receipt
    }

    private var finalICCData: [UInt8] { finalData.encoded(dataObjects.final) }
    private var adviceICCData: [UInt8] { finalData.encoded(dataObjects.request) }

    private var finalData: DataStore {
        var final = data
        final.set(0x95, verificationResults.bytes)
        final.set(0x9B, statusInformation.bytes)
        return final
    }
}
