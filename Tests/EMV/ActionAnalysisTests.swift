import EMV
import SmartCard
import Testing

@Suite("Risk management and action analysis (EMV Book 3, 10.6 to 10.8)")
struct ActionAnalysisTests {
    private let card = TestCard.offlineCapable

    private func kernel(
        _ application: ApplicationConfiguration = TestShop.lenient, type: UInt8 = 0x22, amount: Int64 = 500, forceOnline: Bool = false
    ) -> ContactKernel {
        var terminal = TestShop.terminal
        terminal.type = TerminalType(rawValue: type)
        return TestShop.kernel(
            terminal: terminal, applications: [application], transaction: TestShop.transaction(amount: amount, forceOnline: forceOnline))
    }

    private func application(
        denial: TerminalVerificationResults = [], online: TerminalVerificationResults = [], default: TerminalVerificationResults = []
    ) -> ApplicationConfiguration {
        var application = TestShop.lenient
        (application.denial, application.online, application.default) = (denial, online, `default`)
        return application
    }

    // MARK: Risk management

    @Test("the floor limit is exceeded from the limit itself on")
    func floorLimit() throws {
        _ = try card.expect(kernel(amount: 9_999), request: "40", tvr: "8000000000")
        _ = try card.expect(kernel(amount: 10_000), request: "40", tvr: "8000008000")
    }

    @Test("a transaction that must go online says so and goes online whatever the action codes are")
    func forced() throws {
        _ = try card.expect(kernel(forceOnline: true), request: "80", tvr: "8000000800")
    }

    // MARK: Action codes

    @Test("denial comes first, from the terminal or from the issuer")
    func denial() throws {
        let notPerformed = TerminalVerificationResults.offlineDataAuthenticationNotPerformed
        let declined = try card.expect(
            kernel(application(denial: notPerformed, online: notPerformed), forceOnline: true), request: "00", tvr: "8000000800")
        #expect(declined.verdict == .declined && declined.reason == "declinedByTerminal")
        _ = try card.with(0x9F0E, "8000000000").expect(kernel(), request: "00", tvr: "8000000000")
        _ = try card.with(0x9F0E, "7FFFFFFFFF").expect(kernel(), request: "40", tvr: "8000000000")
    }

    @Test("online codes ask for an ARQC, from the terminal or from the issuer; otherwise a TC")
    func online() throws {
        _ = try card.expect(kernel(application(online: .offlineDataAuthenticationNotPerformed)), request: "80", tvr: "8000000000")
        _ = try card.with(0x9F0F, "8000000000").expect(kernel(), request: "80", tvr: "8000000000")
        _ = try card.with(0x9F0F, "7FFFFFFFFF").expect(kernel(), request: "40", tvr: "8000000000")
        // The default codes are for when the host cannot be reached.
        _ = try card.expect(kernel(application(default: .offlineDataAuthenticationNotPerformed)), request: "40", tvr: "8000000000")
    }

    @Test("without issuer codes, or with ones of a wrong length, nothing is denied and everything goes online")
    func absentCodes() throws {
        _ = try card.with(0x9F0F, nil).expect(kernel(), request: "80", tvr: "8000000000")
        _ = try card.with(0x9F0F, "00").expect(kernel(), request: "80", tvr: "8000000000")
        _ = try card.with(0x9F0E, nil).expect(kernel(), request: "40", tvr: "8000000000")
    }

    @Test("a terminal that is online only asks for an ARQC; one that is offline only applies the default codes at once")
    func terminalTypes() throws {
        for type in [0x21, 0x24] as [UInt8] { _ = try card.expect(kernel(type: type), request: "80", tvr: "8000000000") }
        for type in [0x23, 0x26] as [UInt8] {
            _ = try card.expect(kernel(type: type), request: "40", tvr: "8000000000")
            _ = try card.expect(
                kernel(application(default: .offlineDataAuthenticationNotPerformed), type: type), request: "00", tvr: "8000000000")
            _ = try card.with(0x9F0D, nil).expect(kernel(type: type), request: "00", tvr: "8000000000")
            // The online codes do not matter to it.
            _ = try card.with(0x9F0F, nil).expect(kernel(type: type), request: "40", tvr: "8000000000")
        }
    }

    @Test("the terminal's own answer codes Y1 and Z1 are there for a CDOL1 that asks")
    func answerCodes() throws {
        let card = card.with(0x8C, "8A02")
        for (application, request, code) in [
            (TestShop.lenient, "40", "5931"), (application(denial: .offlineDataAuthenticationNotPerformed), "00", "5A31"),
            (application(online: .offlineDataAuthenticationNotPerformed), "80", "0000"),
        ] {
            let exchanges = card.opening + [ScriptedCard.Exchange("first GENERATE AC", "80AE\(request)0002\(code)00", TestCard.aac)]
            #expect(try Conversation.hold(kernel(application), exchanges).outcome.verdict == .declined)
        }
    }

    // MARK: The card's answer

    private func first(_ request: String, _ answer: String) throws -> KernelOutcome {
        let application =
            switch request {
            case "00": application(denial: .offlineDataAuthenticationNotPerformed)
            case "80": application(online: .offlineDataAuthenticationNotPerformed)
            default: TestShop.lenient
            }
        let exchanges = card.opening + [TestCard.firstCryptogram(request, "8000000000", "0800", "3F0000", answer)]
        return try Conversation.hold(kernel(application), exchanges).outcome
    }

    @Test("TC approves offline, with what the receipt and an advice need")
    func offlineApproval() throws {
        let outcome = try first("40", TestCard.tlv(0x77, "9F270140" + "9F36020007" + "9F26081122334455667788" + "9F1003AABBCC") + "9000")
        #expect(outcome.verdict == .approved && outcome.receipt.tsi == [0x28, 0x00])
        #expect(outcome.receipt.cryptogram.first == 0x11 && outcome.receipt.atc == [0, 7] && outcome.receipt.cryptogramInformation == 0x40)
        #expect(
            outcome.finalICCData.hex == "9F1003AABBCC" + "95058000000000" + "9B022800" + "9F26081122334455667788" + "9F270140"
                + "9F36020007")
    }

    @Test("a card that declines may ask for an advice, which the outcome says")
    func adviceAsked() throws {
        let asking = try first("80", TestCard.cryptogram("08"))
        #expect(asking.reason == "declinedByCard" && asking.adviceRequired)
        #expect(try first("80", TestCard.aac).adviceRequired == false)
    }

    @Test("a card may lower what was asked, never raise it")
    func lowered() throws {
        #expect(try first("40", TestCard.aac).reason == "declinedByCard")
        #expect(try first("80", TestCard.aac).reason == "declinedByCard")
        #expect(try first("40", TestCard.cryptogram("01")).reason == "serviceNotAllowed")
        for (request, answer) in [("00", TestCard.tc), ("00", TestCard.arqc), ("80", TestCard.tc), ("40", TestCard.cryptogram("C0"))] {
            let outcome = try first(request, answer)
            #expect(outcome.verdict == .terminated && outcome.reason == "cryptogramNotAsRequested")
        }
    }

    @Test(
        "answers to GENERATE AC that are none",
        arguments: [
            ("6985", "cardCommandFailed"), ("9000", "malformedData"), ("800A40000111111111111111" + "9000", "malformedData"),
            ("7000" + "9000", "malformedData"), ("770F" + "9F36020007" + "9F2607" + "11223344556677" + "9000", "malformedData"),
            ("7710" + "9F36020007" + "9F2608" + "1122334455667788" + "9000", "malformedData"),
            ("770F" + "9F270140" + "9F2608" + "1122334455667788" + "9000", "malformedData"),
            (
                "802C40" + "0001" + "1111111111111111" + "000000000000000000000000000000000000000000000000000000000000000000" + "9000",
                "malformedData"
            ),
            ("800B400001" + "1111111111111111" + "5A00" + "9000", "malformedData"),
        ])
    func noCryptogram(answer: String, reason: String) throws {
        let outcome = try first("40", answer)
        #expect(outcome.verdict == .terminated && outcome.reason == reason)
    }

    @Test("a CDOL1 that cannot be parsed, or asks for more than a command carries, ends the session", arguments: ["9F", "95FF95FF"])
    func badList(list: String) throws {
        #expect(try Conversation.hold(kernel(), card.with(0x8C, list).opening).outcome.reason == "malformedData")
    }
}
