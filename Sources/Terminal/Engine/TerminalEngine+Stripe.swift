import Devices
import EMV
import Keys
import MagneticStripe
import PaymentHost

/// A card as its stripe was read, until the rules take it.
enum SwipedCard: Sendable {
    case clear(StripeCard)
    case encrypted(EncryptedTracks)
}

extension TerminalEngine {
    func swiped(_ read: StripeRead, _ id: TransactionID) {
        guard running?.id == id else { return }
        if let encrypted = read.encrypted, !encrypted.track2.isEmpty || !encrypted.track1.isEmpty {
            running?.swipe = .encrypted(encrypted)
            return feed(.swiped(encrypted.saysChip ? .hasChip : .stripeOnly))
        }
        do throws(MagneticStripeError) {
            let card = try StripeCard(track1: read.track1, track2: read.track2)
            running?.swipe = .clear(card)
            feed(.swiped(card.hasChip ? .hasChip : .stripeOnly))
        } catch {
            environment.log.notice("swipe not usable: \(error)", metadata: ["transaction": "\(id)"])
            feed(.swiped(.unreadable))
        }
    }

    func takeSwipe(fallback: Bool) {
        guard let swipe = running?.swipe else { return feed(.cardEnded(.unusable)) }
        running?.swipe = nil
        if fallback { chipFailuresOver() }
        let mode: EntryMode = fallback ? .chipSwiped : .swiped
        switch swipe {
        case .clear(let card):
            running?.learn(card.accountNumber, mode, environment)
            let data = HostCardData(
                pan: card.accountNumber, expiry: card.expiry?.yymm, track2: card.track2, panSequenceNumber: nil, iccData: nil)
            presented(
                PresentedCard(card: .clear(data), entryMode: mode, authentication: .signature, reference: cardReference(card.accountNumber))
            )
        case .encrypted(let tracks):
            let data = EncryptedCardData(tracks)
            running?.learn(masked: data.maskedPAN, mode, environment)
            presented(PresentedCard(card: .encrypted(data), entryMode: mode, authentication: .signature, reference: nil))
        }
    }
}

extension RunningTransaction {
    /// What answer and receipts say of a card outside the slot.
    func learn(_ pan: PAN, _ mode: EntryMode, _ environment: TerminalEngine.Environment) {
        draft.account = environment.keys.accountMask.formatPreserving(pan, batchNumber: acceptance.batchNumber)
        learn(bin: pan.firstSix, mode, environment)
    }

    /// The terminal cannot read the number; what the reader shows of it is all there is.
    func learn(masked: String?, _ mode: EntryMode, _ environment: TerminalEngine.Environment) {
        draft.account = masked
        learn(bin: String((masked ?? "").prefix { $0 != "*" }), mode, environment)
    }

    private func learn(bin: String, _ mode: EntryMode, _ environment: TerminalEngine.Environment) {
        // What a chip that failed left behind is not this card's.
        outcome = nil
        cardObjects = []
        (draft.aid, draft.tvr, draft.tsi, draft.preferredName) = (nil, nil, nil, nil)
        draft.entryMode = mode.rawValue
        let row = environment.configuration.cardBrands.row(aid: nil, bin: bin)
        cardType = row?.type
        draft.cardBrand = row?.brand
        draft.cardTypeProcessed = row?.type.processedCode
        draft.cvm = CardholderVerification.signature.rawValue
    }
}

extension EncryptedTracks {
    /// The service code behind expiry in the masked track 2, where the reader shows it. One that it hides says nothing.
    fileprivate var saysChip: Bool {
        guard let masked = maskedTrack2, let separator = masked.firstIndex(of: "=") else { return false }
        let code = masked[separator...].dropFirst(5).prefix(3)
        return ServiceCode(code)?.prefersChip ?? false
    }
}

extension EncryptedCardData {
    /// Track 2 goes to the host, track 1 where track 2 was not read.
    init(_ tracks: EncryptedTracks) {
        self.init(
            scheme: tracks.scheme, keySerialNumber: tracks.keySerialNumber,
            ciphertext: tracks.track2.isEmpty ? tracks.track1 : tracks.track2,
            maskedPAN: tracks.maskedTrack2.flatMap(Self.masked))
    }

    /// At most first six and last four of the number in a masked track, stars between. Readers mask with stars or with zeros, and never show more than
    /// six in front.
    private static func masked(_ track: String) -> String? {
        let number = track.drop { $0 == ";" }.prefix { $0 != "=" }
        guard (12...19).contains(number.utf8.count), number.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == "*") }) else { return nil }
        let front = number.prefix(6).prefix { $0 != "*" }
        return front + String(repeating: "*", count: number.count - front.count - 4) + number.suffix(4)
    }
}
