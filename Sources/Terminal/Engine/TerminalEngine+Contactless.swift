import Devices
import EMV
import Hex
import Keys
import MagneticStripe
import PaymentHost
import SmartCard

/// Cards at the contactless reader, whose own kernels talk to them.
extension TerminalEngine {
    /// A reader that fails at once would be asked again and again until the card's time is up.
    private static let mostFailedTaps = 20

    func contactlessRequest(_ current: RunningTransaction) -> ContactlessRequest {
        let local = times(at: current.acceptance.at).local
        return ContactlessRequest(
            amount: current.amount.minorUnits, amountOther: current.request.cashbackAmount ?? 0,
            transactionType: current.kernelTransactionType, currency: current.amount.currency.numericCode,
            date: String(local.dateText.dropFirst(2)), time: local.timeText,
            // The rules' own limit comes first; the reader's keeps it from waiting for ever for a terminal that died.
            seconds: 90)
    }

    func tapped(_ read: ContactlessRead, _ id: TransactionID) {
        guard running?.id == id else { return }
        switch read.verdict {
        case .onlineRequested:
            guard let card = TappedCard(read, environment.configuration.dataObjects) else {
                environment.log.notice("tap without card data", metadata: ["transaction": "\(id)"])
                return feed(.tapped(.failed))
            }
            running?.tap = card
            feed(.tapped(.onlineRequested))
        case .approvedOffline, .declined: feed(.tapped(.decidedOffline))
        case .useChip: feed(.tapped(.useChip))
        case .timedOut, .failed:
            running?.failedTaps += 1
            guard running?.failedTaps ?? 0 < Self.mostFailedTaps else {
                return tapFailed(DeviceError(.refused, "the reader read no card in \(Self.mostFailedTaps) attempts"), id)
            }
            feed(.tapped(.failed))
        }
    }

    /// A reader that fails is not asked again by this transaction; the other ways stay.
    func tapFailed(_ error: DeviceError, _ id: TransactionID) {
        guard let current = running, current.id == id else { return }
        environment.log.notice("contactless reader: \(error)", metadata: ["transaction": "\(id)"])
        feed(.ways(entryWays(current.request).subtracting([.contactless])))
    }

    func takeTap() {
        guard let tap = running?.tap else { return feed(.cardEnded(.unusable)) }
        running?.tap = nil
        switch tap.card {
        case .clear(let data):
            running?.learn(data.pan, .contactless, environment)
            running?.learn(tap, environment)
            presented(
                PresentedCard(
                    card: tap.card, entryMode: .contactless, authentication: .notAuthenticated, reference: cardReference(data.pan)))
        case .encrypted(let data):
            running?.learn(masked: data.maskedPAN, .contactless, environment)
            running?.learn(tap, environment)
            presented(PresentedCard(card: tap.card, entryMode: .contactless, authentication: .notAuthenticated, reference: nil))
        case .token: feed(.cardEnded(.unusable))
        }
    }
}

/// A card as a contactless reader gave it, until the rules take it.
struct TappedCard: Sendable {
    var card: HostCard
    var aid: [UInt8]
    var verificationResults: [UInt8]
    var label: String?
    /// For receipts.
    var objects: [BERTLV]

    /// `nil` without a card number, or without what the reader enciphered of it.
    init?(_ read: ContactlessRead, _ table: DataObjectTable) {
        func value(_ tag: TagNumber) -> [UInt8]? { read.objects.first(tag)?.value }
        aid = value(0x84) ?? value(0x4F) ?? []
        verificationResults = value(0x95) ?? []
        // A card must not write lines of its own into receipts.
        label = value(0x50).map { String(decoding: $0.filter { (0x20...0x7E).contains($0) }, as: UTF8.self) }
        objects = table.receipt.compactMap { read.objects.first($0.tag) }
        if let encrypted = read.encrypted {
            guard !encrypted.track2.isEmpty || !encrypted.track1.isEmpty else { return nil }
            card = .encrypted(EncryptedCardData(encrypted))
            return
        }
        guard let data = value(0x57), let track2 = try? Track2(equivalentData: SecretBytes(data)) else { return nil }
        // Field 55 (host-protocol, "Fields"), as far as a contactless reader has it.
        let fieldTags = Set(table.request)
        let sequence = value(0x5F34)?.first.map { Int($0 >> 4) * 10 + Int($0 & 0x0F) }
        let iccData = read.objects.filter { fieldTags.contains($0.tag) }.encoded
        card = .clear(
            HostCardData(
                pan: track2.accountNumber, expiry: track2.expiry?.yymm, track2: track2.field35, panSequenceNumber: sequence,
                iccData: iccData.isEmpty ? nil : iccData))
    }
}

extension RunningTransaction {
    fileprivate func learn(_ tap: TappedCard, _ environment: TerminalEngine.Environment) {
        if let row = environment.configuration.cardBrands.row(aid: tap.aid, bin: "") {
            cardType = row.type
            draft.cardBrand = row.brand
            draft.cardTypeProcessed = row.type.processedCode
        }
        if !tap.aid.isEmpty { draft.aid = tap.aid.hex }
        if !tap.verificationResults.isEmpty { draft.tvr = tap.verificationResults.hex }
        draft.preferredName = tap.label
        cardObjects = tap.objects
        draft.cvm = CardholderVerification.none.rawValue
    }
}
