import Devices
import EMV
import PaymentHost

/// PIN entry: on the reader's own keypad for the card, on a PIN pad for the issuer. A clear PIN never comes here.
extension TerminalEngine {
    private static let digits = 4...12

    /// What the attached devices add to 9F33.
    var attachedCapabilities: TerminalCapabilities {
        var capabilities: TerminalCapabilities = []
        if let secure = (reader as? any SecurePINReader)?.securePIN {
            if secure.plaintext { capabilities.insert(.plaintextOfflinePIN) }
            if secure.enciphered { capabilities.insert(.encipheredOfflinePIN) }
        }
        if pinPad != nil { capabilities.insert(.encipheredOnlinePIN) }
        if entry.stripe != nil { capabilities.insert(.magneticStripe) }
        if entry.keypad != nil { capabilities.insert(.manualKeyEntry) }
        return capabilities
    }

    func pinPadChanged(_ pad: (any PINPad)?) { pinPad = pad }

    /// The cardholder is told, the cashier sees `Pin`; `askForPIN` follows.
    func pinNeeded(_ request: PINRequest) {
        running?.pinRequest = request
        if let language = request.languages.lazy.compactMap({ Language(rawValue: $0) }).first { running?.cardLanguage = language }
        feed(.pinNeeded)
    }

    /// Book 4, 6.3.4.1: a wrong PIN and a last try are said above the question.
    func pinText(amount: String) -> String {
        let request = running?.pinRequest
        let remarks = (request?.isRetry == true ? ["incorrectPIN"] : []) + (request?.isLastTry == true ? ["lastPINTry"] : [])
        return (remarks.map { texts.text($0) } + [texts.cardholder(.enterPIN, amount: amount)]).joined(separator: "\n")
    }

    func askForPIN() {
        guard let current = running, let request = current.pinRequest else { return }
        running?.pinRequest = nil
        let seconds = Int(environment.configuration.limits.cardholder.components.seconds)
        switch request.method {
        case .plaintextOffline:
            verify(.plaintext(minimumDigits: Self.digits.lowerBound, maximumDigits: Self.digits.upperBound, seconds: seconds))
        case .encipheredOffline(let key, let challenge):
            verify(
                .enciphered(
                    modulus: key.modulus, exponent: key.exponent, challenge: challenge, minimumDigits: Self.digits.lowerBound,
                    maximumDigits: Self.digits.upperBound, seconds: seconds))
        case .online(let pan):
            enterOnline(
                PINEntryRequest(
                    pan: pan, amountText: "\(current.amount.currency) \(current.amount.decimalText)", language: texts.language.rawValue,
                    minimumDigits: Self.digits.lowerBound, maximumDigits: Self.digits.upperBound, seconds: seconds,
                    bypassAllowed: request.bypassAllowed))
        }
    }

    private func verify(_ verification: PINVerification) {
        guard let reader = reader as? any SecurePINReader else { return pinEnded(.unavailable) }
        onCard { [weak self] () throws(DeviceError) in
            let outcome: PINOutcome
            do throws(DeviceError) {
                outcome =
                    switch try await reader.verifyPIN(verification) {
                    case .answered(let response): .answered(response)
                    case .bypassed: .bypassed
                    case .cancelled: .cancelled
                    case .timedOut: .timedOut
                    }
            } catch {
                // A card or reader that is gone ends the dialogue; a keypad that refuses is one that does not work.
                guard [.refused, .unsupported, .timeout].contains(error.code) else { throw error }
                outcome = .unavailable
            }
            await self?.pinTyped()
            return .pin(outcome)
        }
    }

    private func enterOnline(_ request: PINEntryRequest) {
        guard let pad = pinPad else { return pinEnded(.unavailable) }
        onCard { [weak self] () throws(DeviceError) in
            let entry: PINEntry
            do throws(DeviceError) { entry = try await pad.enterOnlinePIN(request) } catch {
                await self?.pinTyped()
                return .pin(.unavailable)
            }
            await self?.pinTyped(entry)
            return switch entry {
            case .entered: .pin(.entered)
            case .bypassed: .pin(.bypassed)
            case .cancelled: .pin(.cancelled)
            case .timedOut: .pin(.timedOut)
            }
        }
    }

    private func pinTyped(_ entry: PINEntry? = nil) {
        if case .entered(let block, let serialNumber) = entry {
            // Format 4 is of AES keys, the others of TDES keys (ISO 9564-1).
            running?.pin = HostPINData(scheme: block.count == 16 ? .aesDUKPT : .tdesDUKPT, keySerialNumber: serialNumber, block: block)
        }
        feed(.choiceMade)
    }

    private func pinEnded(_ outcome: PINOutcome) {
        feed(.choiceMade)
        drive(.pin(outcome))
    }
}
