import Devices
import Keys
import MagneticStripe
import PaymentHost

/// A card as it was typed, until the rules take it.
enum TypedCard: Sendable {
    case clear(ManualEntry)
    case encrypted(EncryptedTracks)
}

/// Cards whose number is typed at a PIN pad. The security code is not asked for: the host protocol has no place for it, and nothing may keep it.
extension TerminalEngine {
    /// The rules' own limit comes first; the pad's keeps it from waiting for ever for a terminal that died.
    private static let padSeconds = 90

    /// Asks at the keypad, or no more. Who types is not disturbed by what happens at the other readers.
    func typeNumber(_ isWanted: Bool) {
        guard isWanted, let id = running?.id, let keypad = entry.keypad else {
            entry.typing?.cancel()
            entry.typing = nil
            return
        }
        guard entry.typing == nil else { return }
        entry.typing = Task { [weak self] in
            do throws(DeviceError) {
                let card = try await keypad.enterCard(seconds: Self.padSeconds)
                guard !Task.isCancelled else { return }
                await self?.typed(card, id)
            } catch {
                guard !Task.isCancelled else { return }
                await self?.keypadFailed(error, id)
            }
        }
    }

    private func typed(_ card: KeyedCard, _ id: TransactionID) {
        guard running?.id == id, entry.typing != nil else { return }
        entry.typing = nil
        switch card {
        case .cancelled: feed(.keyed(.cancelled))
        case .timedOut: feed(.keyed(.timedOut))
        case .encrypted(let tracks):
            // Only the host can check it.
            running?.keyed = .encrypted(tracks)
            feed(.keyed(.entered))
        case .entered(let number, let expiry):
            let today = times(at: environment.clock.wallTime).local
            do throws(ManualEntry.Refusal) {
                running?.keyed = .clear(
                    try ManualEntry(accountNumber: number, expiry: expiry, year: today.year, month: today.month))
                feed(.keyed(.entered))
            } catch {
                environment.log.notice("typed card refused: \(error.rawValue)", metadata: ["transaction": "\(id)"])
                feed(.keyed(.refused))
            }
        }
    }

    /// A keypad that fails is not asked again by this transaction; the other ways stay.
    private func keypadFailed(_ error: DeviceError, _ id: TransactionID) {
        guard running?.id == id, entry.typing != nil else { return }
        entry.typing = nil
        environment.log.notice("card number at the keypad: \(error)", metadata: ["transaction": "\(id)"])
        feed(.keyed(.failed))
    }

    func takeKeyed() {
        guard let keyed = running?.keyed else { return feed(.cardEnded(.unusable)) }
        running?.keyed = nil
        switch keyed {
        case .clear(let entry):
            running?.learn(entry.accountNumber, .manual, environment)
            // The merchant has seen the card (pos-protocol, section 4).
            running?.draft.account = AccountMask.maskedManual(entry.accountNumber)
            running?.draft.expiryDate = entry.expiry.yymm
            let data = HostCardData(
                pan: entry.accountNumber, expiry: entry.expiry.yymm, track2: nil, panSequenceNumber: nil, iccData: nil)
            presented(
                PresentedCard(
                    card: .clear(data), entryMode: .manual, authentication: .signature, reference: cardReference(entry.accountNumber)))
        case .encrypted(let tracks):
            let data = EncryptedCardData(tracks)
            running?.learn(masked: data.maskedPAN, .manual, environment)
            running?.draft.expiryDate = tracks.shownExpiry?.yymm
            presented(PresentedCard(card: .encrypted(data), entryMode: .manual, authentication: .signature, reference: nil))
        }
    }
}

extension EncryptedTracks {
    /// The four digits behind the separator of the masked track 2, where the pad shows them.
    fileprivate var shownExpiry: ExpiryDate? {
        guard let masked = maskedTrack2, let separator = masked.firstIndex(of: "=") else { return nil }
        return ExpiryDate(keyed: masked[separator...].dropFirst().prefix(4))
    }
}
