/// Works a CVM list off (EMV 4.4 Book 3, 10.5; results as Book 4, 6.3.4.5 and its table 2). A function of its inputs: the methods this kernel
/// performs, signature and no CVM, need neither card nor cardholder.
struct CardholderVerificationProcess: Sendable {
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

    struct Result: Sendable, Hashable {
        /// 9F34: rule code, condition, result.
        var bytes: [UInt8]
        var findings: TerminalVerificationResults
        var verification: CardholderVerification
    }

    /// 9F34 when the CVM list was not worked off.
    static let notPerformed: [UInt8] = [0x3F, 0x00, 0x00]

    private enum Method {
        static let fail: UInt8 = 0x00
        /// Plaintext, online, and enciphered PIN, the offline ones with and without signature.
        static let pin: ClosedRange<UInt8> = 0x01...0x05
        static let signature: UInt8 = 0x1E
        static let noCVM: UInt8 = 0x1F
    }

    private enum Outcome {
        static let unknown: UInt8 = 0x00
        static let failed: UInt8 = 0x01
        static let successful: UInt8 = 0x02
    }

    func run(_ list: CardholderVerificationMethodList) -> Result {
        var findings: TerminalVerificationResults = []
        for rule in list.rules where isSatisfied(rule, list) {
            switch rule.method {
            case Method.fail:
                // Book 4, table 2: the method was performed and it is to fail.
                return failure([rule.code, rule.condition, Outcome.failed], findings)
            case Method.signature where isSupported(rule.method):
                // Book 3, 10.5.3: whether the signature is right is known to the attendant only.
                return Result(bytes: [rule.code, rule.condition, Outcome.unknown], findings: findings, verification: .signature)
            case Method.noCVM where isSupported(rule.method):
                return Result(bytes: [rule.code, rule.condition, Outcome.successful], findings: findings, verification: .none)
            case Method.pin:
                // Book 3, 10.5.1 and 10.5.2: a PIN is wanted and the terminal cannot take it.
                findings.insert(.pinPadNotPresentOrNotWorking)
            case Method.signature, Method.noCVM:
                break
            default:
                // Book 3, 10.5: a method this terminal does not understand.
                findings.insert(.unrecognisedCVM)
            }
            if !rule.goesOnIfUnsuccessful { break }
        }
        // Book 4, table 2: no condition satisfied, or nothing that could be performed.
        return failure([0x3F, 0x00, Outcome.failed], findings)
    }

    private func failure(_ bytes: [UInt8], _ findings: TerminalVerificationResults) -> Result {
        Result(bytes: bytes, findings: findings.union(.cardholderVerificationNotSuccessful), verification: .failed)
    }

    private func isSupported(_ method: UInt8) -> Bool {
        switch method {
        case Method.fail: true
        case Method.signature: capabilities.contains(.signature)
        case Method.noCVM: capabilities.contains(.noCVM)
        default: false
        }
    }

    private var isCash: Bool { KernelTransaction.cashTypes.contains(transactionType) }
    private var isCashback: Bool { transactionType == 0x09 || amountOther > 0 }

    /// Book 3, C3. A condition that is not known or lacks its data is not satisfied, and its rule is passed over.
    private func isSatisfied(_ rule: CardholderVerificationMethodList.Rule, _ list: CardholderVerificationMethodList) -> Bool {
        switch rule.condition {
        case 0x00: true
        case 0x01: isCash && !isAttended
        case 0x02: !isCash && !isCashback
        case 0x03: isSupported(rule.method)
        case 0x04: isCash && isAttended
        case 0x05: isCashback
        case 0x06: isApplicationCurrency && amount < list.x
        case 0x07: isApplicationCurrency && amount > list.x
        case 0x08: isApplicationCurrency && amount < list.y
        case 0x09: isApplicationCurrency && amount > list.y
        default: false
        }
    }
}

extension KernelTransaction {
    /// ISO 8583 processing codes that give out cash: 01 withdrawal, 17 cash advance.
    static let cashTypes: Set<UInt8> = [0x01, 0x17]
}
