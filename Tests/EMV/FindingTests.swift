import EMV
import Keys
import SmartCard
import Testing

/// Each bit of the TVR that can be set before the first GENERATE AC, with a card or a terminal that sets it. No rule is without effect: what it finds
/// declines when the action codes say so, goes online when they say so, and is not there with a card that keeps the rule.
@Suite("Every finding decides (EMV Book 3, 10.7 and C5)")
struct FindingTests {
    private typealias Finding = TerminalVerificationResults

    /// What differs from a card that is approved offline without any finding but that no data authentication is performed.
    private struct Case {
        var finding: Finding
        var card = TestCard.offlineCapable
        var capabilities: TerminalCapabilities = []
        var attached: TerminalCapabilities = []
        var amount: Int64 = 500
        var selectionNumber = 99
        var forceOnline = false
        var bypass = false
        var history: any TransactionHistory = NoTransactionHistory()
        var exchanges: [ScriptedCard.Exchange] = []
        var pins: [PINOutcome] = []

        init(_ finding: Finding, _ change: (inout Case) -> Void = { _ in }) {
            self.finding = finding
            change(&self)
        }

        mutating func set(_ tag: TagNumber, _ value: String) { card = card.with(tag, value) }

        mutating func verify(_ rules: String) {
            card = card.with(profile: "1000")
            set(0x8E, "0000000000000000" + rules)
        }

        mutating func count(_ counter: String, lastOnline: String) {
            set(0x9F14, "03")
            set(0x9F23, "05")
            exchanges = [TestCard.getData("9F36", "9F3602" + counter + "9000"), TestCard.getData("9F13", "9F1302" + lastOnline + "9000")]
        }
    }

    private struct EveryAccount: TransactionHistory {
        func latestAmount(pan: PAN, panSequenceNumber: Int?) -> Int64? { nil }
        func isException(pan: PAN, panSequenceNumber: Int?) -> Bool { true }
    }

    private static let cases: [Case] = [
        Case(.offlineDataAuthenticationNotPerformed),
        Case(.sdaFailed) { ($0.card, $0.capabilities) = ($0.card.with(profile: "4000"), .sda) },
        Case(.sdaSelected) { ($0.card, $0.capabilities) = ($0.card.with(profile: "4000"), .sda) },
        Case(.iccDataMissing) { ($0.card, $0.capabilities) = ($0.card.with(profile: "2000"), .dda) },
        Case(.ddaFailed) { ($0.card, $0.capabilities) = ($0.card.with(profile: "2000"), .dda) },
        Case(.cdaFailed) { ($0.card, $0.capabilities) = ($0.card.with(profile: "0100"), .cda) },
        Case(.cardOnExceptionFile) { $0.history = EveryAccount() },
        Case(.differentApplicationVersions) { $0.set(0x9F08, "0096") },
        Case(.expiredApplication) { $0.set(0x5F24, "251121") },
        Case(.applicationNotYetEffective) { $0.set(0x5F25, "251123") },
        Case(.serviceNotAllowed) { $0.set(0x9F07, "FEC0") },
        Case(.newCard) { $0.count("0001", lastOnline: "0000") },
        Case(.cardholderVerificationNotSuccessful) { $0.verify("0000") },
        Case(.unrecognisedCVM) { $0.verify("6000" + "1F00") },
        Case(.pinTryLimitExceeded) {
            $0.verify("4100" + "1F00")
            ($0.attached, $0.exchanges) = (.plaintextOfflinePIN, [TestCard.getData("9F17", "9F1701009000")])
        },
        Case(.pinPadNotPresentOrNotWorking) { $0.verify("4100" + "1F00") },
        Case(.pinNotEntered) {
            $0.verify("4200" + "1F00")
            ($0.attached, $0.bypass, $0.pins) = (.encipheredOnlinePIN, true, [.bypassed])
        },
        Case(.onlinePINEntered) {
            $0.verify("0200")
            ($0.attached, $0.pins) = (.encipheredOnlinePIN, [.entered])
        },
        Case(.floorLimitExceeded) { $0.amount = 10_000 },
        Case(.lowerConsecutiveOfflineLimitExceeded) { $0.count("0008", lastOnline: "0004") },
        Case(.upperConsecutiveOfflineLimitExceeded) { $0.count("000A", lastOnline: "0004") },
        Case(.selectedRandomly) { $0.selectionNumber = 1 },
        Case(.merchantForcedOnline) { $0.forceOnline = true },
    ]

    /// Found later than the first action analysis: the hash is made for GENERATE AC, the rest comes of the issuer's answer.
    private static let later: Finding = [
        .defaultTDOLUsed, .issuerAuthenticationFailed, .scriptFailedBeforeFinalCryptogram, .scriptFailedAfterFinalCryptogram,
    ]

    /// Asks for `request`; what the kernel found.
    private static func ask(_ request: String, _ entry: Case, denial: Finding = [], online: Finding = []) throws -> Finding? {
        var application = TestShop.lenient
        (application.denial, application.online) = (denial, online)
        application.randomSelection = RandomSelection(threshold: 0, targetPercentage: 10, maximumPercentage: 10)
        var terminal = TestShop.terminal
        terminal.capabilities.formUnion(entry.capabilities)
        terminal.pinBypass = entry.bypass
        let kernel = TestShop.kernel(
            terminal: terminal, applications: [application],
            transaction: TestShop.transaction(
                amount: entry.amount, forceOnline: entry.forceOnline, selectionNumber: entry.selectionNumber, attached: entry.attached,
                history: entry.history))
        // CDOL1 with the unpredictable number alone, so that the script is the same whatever is found.
        let card = entry.card.with(0x8C, "9F3704")
        let cryptogram = ScriptedCard.Exchange("first GENERATE AC", "80AE" + request + "0004" + "52BF4585" + "00", TestCard.aac)
        let outcome = try Conversation.hold(kernel, card.opening + entry.exchanges + [cryptogram], pins: entry.pins).outcome
        return Finding(bytes: outcome.receipt.tvr)
    }

    @Test("a finding declines by the denial codes, goes online by the online codes, and does neither where no code names it")
    func decides() throws {
        for entry in Self.cases {
            #expect(try Self.ask("00", entry, denial: entry.finding)?.contains(entry.finding) == true, "\(entry.finding) declines")
            #expect(try Self.ask("80", entry, online: entry.finding)?.contains(entry.finding) == true, "\(entry.finding) goes online")
            // The merchant's wish is none of the action codes' business.
            let request = entry.forceOnline ? "80" : "40"
            #expect(try Self.ask(request, entry)?.contains(entry.finding) == true, "\(entry.finding) is found all the same")
        }
    }

    @Test("a card that keeps the rule is approved, though every code names the finding")
    func keepsTheRule() throws {
        let kept = Case(.offlineDataAuthenticationNotPerformed)
        for entry in Self.cases where entry.finding != kept.finding {
            #expect(try Self.ask("40", kept, denial: entry.finding, online: entry.finding) == kept.finding, "\(entry.finding)")
        }
    }

    @Test("no bit of the TVR is left out")
    func complete() {
        let all = Finding(bytes: [0xFE, 0xF8, 0xFC, 0xF8, 0xF0])
        #expect(Self.cases.reduce(Self.later) { $0.union($1.finding) } == all)
    }
}
