/// Works a CVM list off (EMV 4.4 Book 3, 10.5; results as Book 4, 6.3.4.5 and its table 2). Signature and no CVM need neither card nor cardholder;
/// for a PIN it stops and is told how that ended.
struct CardholderVerificationProcess: Sendable {
    /// What the conditions are about (Book 3, C3).
    struct Circumstances: Sendable {
        var capabilities: TerminalCapabilities
        var isAttended: Bool
        /// 9C.
        var transactionType: UInt8
        /// Minor units.
        var amount: Int64
        /// Minor units of cash back.
        var amountOther: Int64
        /// Whether 5F2A and 9F42 are the same; false when the card has no 9F42.
        var isApplicationCurrency: Bool
    }

    struct Result: Sendable, Hashable {
        /// 9F34: rule code, condition, result.
        var bytes: [UInt8]
        var findings: TerminalVerificationResults
        var verification: CardholderVerification
    }

    enum Step: Sendable, Hashable {
        case pin(Rule)
        case complete(Result)
    }

    typealias Rule = CardholderVerificationMethodList.Rule

    /// 9F34 when the CVM list was not worked off.
    static let notPerformed: [UInt8] = [0x3F, 0x00, 0x00]

    private enum ResultCode {
        static let unknown: UInt8 = 0x00
        static let failed: UInt8 = 0x01
        static let successful: UInt8 = 0x02
    }

    private let circumstances: Circumstances
    private let x: Int64
    private let y: Int64
    private var rules: ArraySlice<Rule>
    private var findings: TerminalVerificationResults = []
    /// The PIN rule under way.
    private var current: Rule?
    /// Book 4, table 2: the last method that was performed, if it failed.
    private var lastPerformed: Rule?
    /// Book 4, 6.3.4.3: once left out, a PIN is not asked for again.
    private(set) var isBypassed = false

    init(_ list: CardholderVerificationMethodList, _ circumstances: Circumstances) {
        self.circumstances = circumstances
        (x, y, rules) = (list.x, list.y, list.rules[...])
    }

    mutating func next() -> Step {
        while let rule = rules.popFirst() {
            guard isSatisfied(rule) else { continue }
            switch rule.method {
            case .fail:
                // Book 4, table 2: the method was performed and it is to fail.
                return .complete(failure([rule.code, rule.condition, ResultCode.failed]))
            // Book 3, 10.5.3: whether the signature is right is known to the attendant only.
            case .signature where isSupported(rule): return success(rule, ResultCode.unknown, .signature)
            case .noCVM where isSupported(rule): return success(rule, ResultCode.successful, .none)
            case .signature, .noCVM: break
            case .plaintextPIN, .onlinePIN, .plaintextPINAndSignature, .encipheredPIN, .encipheredPINAndSignature:
                if isSupported(rule) {
                    guard isBypassed else {
                        current = rule
                        return .pin(rule)
                    }
                    lastPerformed = rule
                } else if lacksKeypad(rule) {
                    // Book 3, 10.5.1 and 10.5.2: a PIN is wanted and the terminal cannot take it.
                    findings.insert(.pinPadNotPresentOrNotWorking)
                }
            // Book 3, 10.5: a method this terminal does not understand.
            case nil: findings.insert(.unrecognisedCVM)
            }
            if !rule.goesOnIfUnsuccessful { break }
        }
        // Book 4, table 2: the last one performed; or no condition satisfied, or nothing that could be performed.
        return .complete(failure((lastPerformed.map { [$0.code, $0.condition] } ?? [0x3F, 0x00]) + [ResultCode.failed]))
    }

    /// The PIN is right, or, online, on its way.
    mutating func pinSucceeded() -> Step {
        guard let rule = current else { return next() }
        switch rule.method {
        case .onlinePIN:
            // Book 3, 10.5.2
            findings.insert(.onlinePINEntered)
            return success(rule, ResultCode.unknown, .onlinePIN)
        // Book 3, 10.5.4: the other half of the combination is a signature.
        case .plaintextPINAndSignature, .encipheredPINAndSignature: return success(rule, ResultCode.unknown, .offlinePINAndSignature)
        default: return success(rule, ResultCode.successful, .offlinePIN)
        }
    }

    /// The rule under way is unsuccessful for this reason, if it has a bit of the TVR.
    mutating func pinFailed(_ finding: TerminalVerificationResults) -> Step {
        findings.formUnion(finding)
        if finding.contains(.pinNotEntered) { isBypassed = true }
        lastPerformed = current
        // Bit 7 of the rule decides whether the next one counts.
        if let rule = current, !rule.goesOnIfUnsuccessful { rules = [] }
        current = nil
        return next()
    }

    private func success(_ rule: Rule, _ code: UInt8, _ verification: CardholderVerification) -> Step {
        .complete(Result(bytes: [rule.code, rule.condition, code], findings: findings, verification: verification))
    }

    private func failure(_ bytes: [UInt8]) -> Result {
        Result(bytes: bytes, findings: findings.union(.cardholderVerificationNotSuccessful), verification: .failed)
    }

    private func isSupported(_ rule: Rule) -> Bool {
        let capabilities = circumstances.capabilities
        switch rule.method {
        case .fail: return true
        case .signature: return capabilities.contains(.signature)
        case .noCVM: return capabilities.contains(.noCVM)
        case .plaintextPIN: return capabilities.contains(.plaintextOfflinePIN)
        case .plaintextPINAndSignature: return capabilities.isSuperset(of: [.plaintextOfflinePIN, .signature])
        case .encipheredPIN: return capabilities.contains(.encipheredOfflinePIN)
        case .encipheredPINAndSignature: return capabilities.isSuperset(of: [.encipheredOfflinePIN, .signature])
        case .onlinePIN: return capabilities.contains(.encipheredOnlinePIN)
        case nil: return false
        }
    }

    /// Book 3, 10.5.1: a terminal with either kind of offline PIN counts as one that supports offline PIN.
    private func lacksKeypad(_ rule: Rule) -> Bool {
        rule.method == .onlinePIN
            ? !circumstances.capabilities.contains(.encipheredOnlinePIN)
            : circumstances.capabilities.isDisjoint(with: [.plaintextOfflinePIN, .encipheredOfflinePIN])
    }

    private var isCash: Bool { KernelTransaction.cashTypes.contains(circumstances.transactionType) }
    private var isCashback: Bool { circumstances.transactionType == 0x09 || circumstances.amountOther > 0 }

    /// Book 3, C3. A condition that is not known or lacks its data is not satisfied, and its rule is passed over.
    private func isSatisfied(_ rule: Rule) -> Bool {
        let amount = circumstances.amount
        let isApplicationCurrency = circumstances.isApplicationCurrency
        return switch rule.condition {
        case 0x00: true
        case 0x01: isCash && !circumstances.isAttended
        case 0x02: !isCash && !isCashback
        case 0x03: isSupported(rule)
        case 0x04: isCash && circumstances.isAttended
        case 0x05: isCashback
        case 0x06: isApplicationCurrency && amount < x
        case 0x07: isApplicationCurrency && amount > x
        case 0x08: isApplicationCurrency && amount < y
        case 0x09: isApplicationCurrency && amount > y
        default: false
        }
    }
}

extension KernelTransaction {
    /// ISO 8583 processing codes that give out cash: 01 withdrawal, 17 cash advance.
    static let cashTypes: Set<UInt8> = [0x01, 0x17]
}
