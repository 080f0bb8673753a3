import EMV
import Hex
import Money
import SmartCard

/// One application on a card, and the dialogue with it up to the first GENERATE AC. Tests change what their rule is about.
struct TestCard {
    var aid = "A0000000031010"
    /// Inside A5, after the label.
    var selectionData = ""
    /// The value of 83 that the kernel should send.
    var optionsData = ""
    /// AIP.
    var profile = "0000"
    /// Tags and values of record 1 in file 1.
    var record: [(TagNumber, String)] = [
        (0x5A, "4761739001010119"), (0x5F24, "251231"), (0x8C, "95059B029F3403"), (0x8D, "8A0295059B02"),
    ]

    func with(_ tag: TagNumber, _ value: String?) -> TestCard {
        var card = self
        card.record.removeAll { $0.0 == tag }
        if let value { card.record.append((tag, value)) }
        return card
    }

    func with(profile: String) -> TestCard {
        var card = self
        card.profile = profile
        return card
    }

    static func tlv(_ tag: TagNumber, _ value: String) -> String { BERTLV(tag, [UInt8](hex: value) ?? []).encoded.hex }

    var fci: String { Self.tlv(0x6F, Self.tlv(0x84, aid) + Self.tlv(0xA5, Self.tlv(0x50, "56495341") + selectionData)) }

    static func select(_ name: String, next: Bool = false) -> String {
        "00A404" + (next ? "02" : "00") + [UInt8(name.count / 2)].hex + name + "00"
    }

    static let directory = select("315041592E5359532E4444463031")

    /// Until the application is selected: no directory, then the terminal's only AID.
    var selection: [ScriptedCard.Exchange] {
        [
            .init("SELECT directory", Self.directory, "6A82"), .init("SELECT from the list", Self.select(aid), fci + "9000"),
            .init("final SELECT", Self.select(aid), fci + "9000"),
        ]
    }

    func processingOptions(_ answer: String) -> ScriptedCard.Exchange {
        let template = Self.tlv(0x83, optionsData)
        return .init("GET PROCESSING OPTIONS", "80A80000" + [UInt8(template.count / 2)].hex + template + "00", answer)
    }

    /// GET DATA of a tag.
    static func getData(_ tag: String, _ answer: String) -> ScriptedCard.Exchange { .init("GET DATA \(tag)", "80CA" + tag + "00", answer) }

    func readRecord(_ answer: String? = nil) -> ScriptedCard.Exchange {
        .init("READ RECORD 1 of file 1", "00B2010C00", answer ?? Self.tlv(0x70, record.map { Self.tlv($0.0, $0.1) }.joined()) + "9000")
    }

    /// Until the first GENERATE AC.
    var opening: [ScriptedCard.Exchange] { selection + [processingOptions(Self.tlv(0x80, profile + "08010100") + "9000"), readRecord()] }

    /// `request` is P1; the data is CDOL1 above: TVR, TSI, CVM results.
    static func firstCryptogram(_ request: String, _ tvr: String, _ tsi: String, _ cvm: String, _ answer: String) -> ScriptedCard.Exchange {
        .init("first GENERATE AC", "80AE" + request + "000A" + tvr + tsi + cvm + "00", answer)
    }

    /// The data is CDOL2 above: answer code, TVR, TSI.
    static func secondCryptogram(
        _ request: String, _ code: String, _ tvr: String, _ tsi: String, _ answer: String
    ) -> ScriptedCard.Exchange {
        .init("second GENERATE AC", "80AE" + request + "0009" + Array(code.utf8).hex + tvr + tsi + "00", answer)
    }

    /// Format 1 with a cryptogram of ones.
    static func cryptogram(_ information: String) -> String { tlv(0x80, information + "0001" + "1111111111111111") + "9000" }
    static let aac = cryptogram("00")
    static let tc = cryptogram("40")
    static let arqc = cryptogram("80")
}

/// A shop in the United States on 22 November 2025.
enum TestShop {
    static let terminal = TerminalData()
    static let application = ApplicationConfiguration(aid: [0xA0, 0x00, 0x00, 0x00, 0x03, 0x10, 0x10], label: "VISA")
    static let dollar = Currency(numericCode: 840, alphabeticCode: "USD", exponent: 2)

    /// Approves offline whatever the card lets it.
    static let lenient = ApplicationConfiguration(
        aid: application.aid, label: "VISA", denial: [], online: [], default: [], floorLimit: 10_000)

    static func transaction(
        type: UInt8 = 0x00, amount: Int64 = 500, other: Int64 = 0, forceOnline: Bool = false, selectionNumber: Int = 99,
        attached: TerminalCapabilities = [], history: any TransactionHistory = NoTransactionHistory()
    ) -> KernelTransaction {
        KernelTransaction(
            transactionType: type, amountAuthorised: Amount(minorUnits: amount, currency: dollar) ?? .zero(dollar),
            amountOther: Amount(minorUnits: other, currency: dollar) ?? .zero(dollar), date: KernelDate(year: 2025, month: 11, day: 22),
            time: [0x22, 0x15, 0x30], sequenceCounter: 1234, unpredictableNumber: [0x52, 0xBF, 0x45, 0x85], forceOnline: forceOnline,
            selectionNumber: selectionNumber, attached: attached, history: history)
    }

    static func kernel(
        terminal: TerminalData = terminal, applications: [ApplicationConfiguration] = [application],
        transaction: KernelTransaction = transaction(), authorities: CertificationAuthorityKeys = .none
    ) -> ContactKernel {
        ContactKernel(terminal: terminal, applications: applications, transaction: transaction, authorities: authorities)
    }
}

extension TestCard {
    /// No issuer action codes of its own, so that only the terminal's count.
    static let offlineCapable = TestCard().with(0x9F0D, "0000000000").with(0x9F0E, "0000000000").with(0x9F0F, "0000000000")

    /// What TVR, TSI and CVM results the kernel puts into the first GENERATE AC; the card declines.
    func expect(
        _ kernel: ContactKernel, request: String = "80", tvr: String, tsi: String = "0800", cvm: String = "3F0000",
        after more: [ScriptedCard.Exchange] = [], pins: [PINOutcome] = []
    ) throws -> KernelOutcome {
        let outcome = try Conversation.hold(
            kernel, opening + more + [Self.firstCryptogram(request, tvr, tsi, cvm, Self.aac)], pins: pins
        ).outcome
        guard outcome.receipt.tvr.hex == tvr, outcome.receipt.cvmResults.hex == cvm else {
            throw ScriptDifference("the outcome says TVR \(outcome.receipt.tvr.hex), CVM results \(outcome.receipt.cvmResults.hex)")
        }
        return outcome
    }
}
