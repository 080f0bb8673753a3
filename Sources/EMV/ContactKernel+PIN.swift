import Keys
import SmartCard

/// PIN processing (EMV 4.4 Book 3, 10.5.1 and 10.5.2; Book 4, 6.3.4). Devices take and verify or encipher the PIN; see `PINRequest`.
extension ContactKernel {
    /// One PIN rule of the CVM list under way.
    struct PINVerification: Sendable {
        var rule: CardholderVerificationMethodList.Rule
        /// For the enciphered methods.
        var key: RSAPublicKey?
        var triesLeft: Int?
        var entries = 0
    }

    mutating func beginPIN(_ rule: CardholderVerificationMethodList.Rule) -> [KernelAction] {
        pin = PINVerification(rule: rule)
        if rule.method == .onlinePIN { return enterOnlinePIN() }
        if rule.method?.isEnciphered == true {
            // Book 2, 7.1: without a key the PIN cannot be enciphered, and the method is unsuccessful.
            guard let key = try? certificateChain?.pinKey() else { return pinFailed([]) }
            pin?.key = key
        }
        // Book 4, 6.3.4.1: the card is asked for its try counter before the cardholder is asked for a PIN.
        return transmit(Self.getData(0x9F17), then: .pinTryCounter)
    }

    private mutating func enterOnlinePIN() -> [KernelAction] {
        guard let pan = accountNumber else { return finish(.terminated, .malformedData) }
        return enterPIN(.online(pan))
    }

    /// Without a counter that can be read the PIN is asked for nevertheless.
    mutating func pinTryCounterRead(_ response: ResponseAPDU) -> [KernelAction] {
        if let counter = Self.value(of: 0x9F17, in: response), counter.count == 1 {
            pin?.triesLeft = Int(counter[0])
            // Book 4, 6.3.4.1: none left, so none is asked for.
            if counter[0] == 0 { return pinFailed(.pinTryLimitExceeded) }
        }
        return askForOfflinePIN()
    }

    private mutating func askForOfflinePIN() -> [KernelAction] {
        guard pin?.key == nil else {
            // Book 2, 7.2: a challenge for each PIN block.
            return transmit(CommandAPDU(0x00, 0x84, 0x00, 0x00, expectedLength: 256), then: .challenge)
        }
        return enterPIN(.plaintextOffline)
    }

    mutating func challengeGiven(_ response: ResponseAPDU) -> [KernelAction] {
        // Book 2, 7.2: without eight bytes the PIN cannot be enciphered.
        guard response.status == .success, response.data.count == 8, let key = pin?.key else { return pinFailed([]) }
        return enterPIN(.encipheredOffline(key: key, challenge: response.data))
    }

    private mutating func enterPIN(_ method: PINRequest.Method) -> [KernelAction] {
        guard var under = pin else { return finish(.terminated, .unexpectedEvent) }
        // A card counts to 15 at most; one that never comes to an end is left.
        guard under.entries < Limits.pinEntries, commands < Limits.commands else { return finish(.terminated, .dialogueTooLong) }
        let request = PINRequest(
            method: method, triesLeft: under.triesLeft, isRetry: under.entries > 0,
            bypassAllowed: terminal.pinBypass && terminal.type.isAttended, languages: languages)
        under.entries += 1
        commands += 1
        pin = under
        phase = .pinEntry
        return [.enterPIN(request)]
    }

    mutating func pinEntryEnded(_ outcome: PINOutcome) -> [KernelAction] {
        switch (outcome, pin?.rule.method) {
        case (.entered, .onlinePIN?): return pinSucceeded()
        case (.answered(let response), let method?) where method != .onlinePIN: return verifyAnswered(response)
        // Book 4, 6.3.4.3: the method is unsuccessful.
        case (.bypassed, _): return pinFailed(.pinNotEntered)
        // 10.5.1 and 10.5.2: the keypad does not work.
        case (.unavailable, _): return pinFailed(.pinPadNotPresentOrNotWorking)
        case (.cancelled, _): return finish(.cancelled, .cancelledByCardholder)
        case (.timedOut, _): return finish(.cancelled, .cardholderTimedOut)
        default: return finish(.terminated, .unexpectedEvent)
        }
    }

    private mutating func verifyAnswered(_ response: ResponseAPDU) -> [KernelAction] {
        switch response.status.rawValue {
        case 0x9000: return pinSucceeded()
        // 10.5.1: blocked, or no try left.
        case 0x6983, 0x6984, 0x63C0: return pinFailed(.pinTryLimitExceeded)
        case 0x63C1...0x63CF:
            pin?.triesLeft = Int(response.status.sw2 & 0x0F)
            return askForOfflinePIN()
        // 6.3.5: a status the command does not have ends the session.
        default: return finish(.terminated, .cardCommandFailed)
        }
    }

    private mutating func pinSucceeded() -> [KernelAction] {
        guard var process = verification else { return finish(.terminated, .unexpectedEvent) }
        let step = process.pinSucceeded()
        (verification, pin) = (process, nil)
        return follow(step)
    }

    private mutating func pinFailed(_ finding: TerminalVerificationResults) -> [KernelAction] {
        guard var process = verification else { return finish(.terminated, .unexpectedEvent) }
        let step = process.pinFailed(finding)
        (verification, pin) = (process, nil)
        return follow(step)
    }

    // MARK: GET DATA (6.5.7)

    static func getData(_ tag: TagNumber) -> CommandAPDU {
        CommandAPDU(0x80, 0xCA, UInt8(truncatingIfNeeded: tag.rawValue >> 8), UInt8(truncatingIfNeeded: tag.rawValue), expectedLength: 256)
    }

    /// `nil` unless the answer is this object, coded as TLV.
    static func value(of tag: TagNumber, in response: ResponseAPDU) -> [UInt8]? {
        guard response.status == .success, let objects = try? BERTLV.parse(response.data) else { return nil }
        return objects.first(tag)?.value
    }

    /// 5F2D: two letters a language.
    var languages: [String] {
        guard let bytes = data.bytes(0x5F2D) else { return directoryLanguages }
        return Self.languages(bytes)
    }

    static func languages(_ bytes: [UInt8]) -> [String] {
        stride(from: 0, to: bytes.count - bytes.count % 2, by: 2).compactMap { start in
            let letters = bytes[start..<(start + 2)].map { $0 | 0x20 }
            guard letters.allSatisfy({ (0x61...0x7A).contains($0) }) else { return nil }
            return String(decoding: letters, as: UTF8.self)
        }
    }
}
