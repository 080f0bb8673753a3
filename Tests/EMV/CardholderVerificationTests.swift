import EMV
import SmartCard
import Testing

@Suite("Cardholder verification (EMV Book 3, 10.5; Book 4, table 2)")
struct CardholderVerificationTests {
    private func expect(
        _ list: String?, _ results: String, byte3: String, tsi: String = "4800", tvr first: String = "80",
        verification: CardholderVerification? = nil, terminal: TerminalData = TestShop.terminal, type: UInt8 = 0x00, amount: Int64 = 500,
        other: Int64 = 0, currency: String? = "0840", sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let card = TestCard().with(profile: "1000").with(0x8E, list).with(0x9F42, currency)
        let kernel = TestShop.kernel(terminal: terminal, transaction: TestShop.transaction(type: type, amount: amount, other: other))
        let outcome = try card.expect(kernel, tvr: first + "00" + byte3 + "8000", tsi: tsi, cvm: results)
        if let verification { #expect(outcome.receipt.cvm == verification, sourceLocation: sourceLocation) }
    }

    private let noAmounts = "0000000000000000"

    @Test("not performed unless the AIP says that the card supports it")
    func notSupported() throws {
        _ = try TestCard().with(0x8E, noAmounts + "0000").expect(TestShop.kernel(), tvr: "8000008000")
    }

    @Test("a missing list, or one without rules, is missing data and no verification")
    func missing() throws {
        try expect(nil, "3F0000", byte3: "00", tsi: "0800", tvr: "A0", verification: CardholderVerification.none)
        try expect("000186A0000003E8", "3F0000", byte3: "00", tsi: "0800", tvr: "A0")
    }

    @Test(
        "a list shorter than its amounts, or with half a rule, ends the session",
        arguments: ["", "00000000000000", "000186A0000003E81E0342"])
    func malformed(list: String) throws {
        let card = TestCard().with(profile: "1000").with(0x8E, list)
        #expect(try Conversation.hold(TestShop.kernel(), card.opening).outcome.reason == "malformedData")
    }

    @Test("signature: result unknown; no CVM: successful; fail: failed")
    func methods() throws {
        try expect("000186A0000003E81E03", "1E0300", byte3: "00", verification: .signature)
        try expect(noAmounts + "5E00", "5E0000", byte3: "00", verification: .signature)
        try expect(noAmounts + "1F00", "1F0002", byte3: "00", verification: CardholderVerification.none)
        try expect(noAmounts + "0000", "000001", byte3: "80", verification: .failed)
        try expect(noAmounts + "4000" + "1F00", "400001", byte3: "80", verification: .failed)
    }

    /// The lists of openemv/emv-utils, tests/emv_cvmlist_test.c, at an attended terminal without PIN pad; the others of them are in the tests above.
    @Test("lists as cards have them")
    func lists() throws {
        try expect("000186A0000003E84403", "3F0001", byte3: "80", verification: .failed)
        try expect("000186A0000003E84201", "3F0001", byte3: "80", verification: .failed)
        try expect("00000000000000004201440341035E0342031F03", "5E0300", byte3: "00", verification: .signature)
    }

    @Test("PIN is wanted and cannot be taken: the bit says so, bit 7 of the rule whether the next one counts")
    func pin() throws {
        for method in ["01", "02", "03", "04", "05"] {
            try expect(noAmounts + method + "00" + "1F00", "3F0001", byte3: "90", verification: .failed)
        }
        for method in ["41", "42", "43", "44", "45"] {
            try expect(noAmounts + method + "00" + "5E03" + "1F00", "5E0300", byte3: "10", verification: .signature)
        }
        try expect(noAmounts + "4200", "3F0001", byte3: "90")
    }

    @Test("PIN methods under \"if the terminal supports it\" are passed over without a bit")
    func pinIfSupported() throws {
        try expect(noAmounts + "4201" + "4403" + "4103" + "5E03" + "4203" + "1F03", "5E0300", byte3: "00")
        try expect("000186A0000003E84403", "3F0001", byte3: "80")
        try expect("000186A0000003E84201", "3F0001", byte3: "80")
    }

    @Test("a terminal configured with PIN that this kernel cannot take does not claim it; data authentication stays claimed")
    func notClaimed() throws {
        var terminal = TestShop.terminal
        terminal.capabilities.formUnion([.plaintextOfflinePIN, .encipheredOnlinePIN, .encipheredOfflinePIN, .dda])
        try expect(noAmounts + "4403" + "1F00", "1F0002", byte3: "00", terminal: terminal)
        let card = TestCard().with(0x8C, "9F3303")
        let exchanges = card.opening + [ScriptedCard.Exchange("first GENERATE AC", "80AE800003" + "E02840" + "00", TestCard.aac)]
        #expect(try Conversation.hold(TestShop.kernel(terminal: terminal), exchanges).outcome.verdict == .declined)
    }

    @Test("a method nobody knows sets \"unrecognised CVM\"", arguments: ["20", "1D", "3E", "06"])
    func unrecognised(method: String) throws {
        try expect(noAmounts + method + "00" + "1F00", "3F0001", byte3: "C0")
        let next = String((UInt8(method, radix: 16) ?? 0) | 0x40, radix: 16, uppercase: true)
        try expect(noAmounts + next + "00" + "1F00", "1F0002", byte3: "40")
    }

    @Test("signature and no CVM that the terminal does not support are unsuccessful")
    func unsupported() throws {
        var terminal = TestShop.terminal
        terminal.capabilities.subtract([.signature, .noCVM])
        try expect(noAmounts + "1E00" + "1F00", "3F0001", byte3: "80", terminal: terminal)
        try expect(noAmounts + "5E00" + "5F00" + "0000", "000001", byte3: "80", terminal: terminal)
        try expect(noAmounts + "1E03" + "1F03", "3F0001", byte3: "80", terminal: terminal)
    }

    /// Condition, type, amount, other, currency, unattended, satisfied. X = 1000, Y = 2000.
    @Test(
        "condition codes",
        arguments: [
            ("00", 0x00, 500, 0, nil, false, true),
            ("01", 0x01, 500, 0, nil, true, true), ("01", 0x01, 500, 0, nil, false, false), ("01", 0x00, 500, 0, nil, true, false),
            ("02", 0x00, 500, 0, nil, false, true), ("02", 0x01, 500, 0, nil, false, false), ("02", 0x01, 500, 0, nil, true, false),
            ("02", 0x09, 500, 0, nil, false, false), ("02", 0x00, 500, 1, nil, false, false),
            ("03", 0x00, 500, 0, nil, false, true),
            ("04", 0x01, 500, 0, nil, false, true), ("04", 0x01, 500, 0, nil, true, false), ("04", 0x00, 500, 0, nil, false, false),
            ("05", 0x09, 500, 0, nil, false, true), ("05", 0x00, 500, 1, nil, false, true), ("05", 0x00, 500, 0, nil, false, false),
            ("06", 0x00, 999, 0, "0840", false, true), ("06", 0x00, 1000, 0, "0840", false, false),
            ("06", 0x00, 999, 0, "0978", false, false),
            ("06", 0x00, 999, 0, nil, false, false),
            ("07", 0x00, 1001, 0, "0840", false, true), ("07", 0x00, 1000, 0, "0840", false, false),
            ("07", 0x00, 1001, 0, "0978", false, false),
            ("08", 0x00, 1999, 0, "0840", false, true), ("08", 0x00, 2000, 0, "0840", false, false),
            ("08", 0x00, 1999, 0, nil, false, false),
            ("09", 0x00, 2001, 0, "0840", false, true), ("09", 0x00, 2000, 0, "0840", false, false),
            ("09", 0x00, 2001, 0, nil, false, false),
            ("0A", 0x00, 500, 0, "0840", false, false), ("FF", 0x00, 500, 0, "0840", false, false),
        ] as [(String, UInt8, Int64, Int64, String?, Bool, Bool)])
    func conditions(condition: String, type: UInt8, amount: Int64, other: Int64, currency: String?, unattended: Bool, satisfied: Bool)
        throws
    {
        var terminal = TestShop.terminal
        if unattended { terminal.type = TerminalType(rawValue: 0x25) }
        try expect(
            "000003E8000007D0" + "1F" + condition, satisfied ? "1F\(condition)02" : "3F0001", byte3: satisfied ? "00" : "80",
            terminal: terminal, type: type, amount: amount, other: other, currency: currency)
    }
}
