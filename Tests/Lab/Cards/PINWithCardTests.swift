import EMV
import Hex
import Keys
import SmartCard
import Testing

@testable import Lab

/// Kernel and card were written from the books alone; a keypad stands between them.
@Suite("PIN and issuer scripts with the lab's cards")
struct PINWithCardTests {
    private func card(_ name: String, change: (inout CardProfile) -> Void = { _ in }) throws -> EMVCard {
        var profile = try CardProfiles.named(name)
        change(&profile)
        return try CardIssuer().issue(profile)
    }

    private func keys() throws -> CertificationAuthorityKeys { try TestCertificationAuthority.terminalKeys() }
    private static let methods: TerminalCapabilities = [.sda, .dda, .cda]

    @Test("An enciphered PIN is verified under the key of the card's certificates, a challenge for each try (EMV Book 2, 7)")
    func enciphered() throws {
        let card = try card("mc-credit")
        let sale = try sell(
            card, capabilities: Self.methods, attached: [.encipheredOfflinePIN], typed: ["0000", "4315"], authorities: try keys())
        #expect(sale.outcome.verdict == .approved && sale.outcome.receipt.cvm == .offlinePIN)
        #expect(sale.outcome.receipt.cvmResults.hex == "440302")
        #expect(sale.pins.map(\.triesLeft) == [3, 2] && sale.pins.map(\.isRetry) == [false, true])
        let again = try sell(card, capabilities: Self.methods, attached: [.encipheredOfflinePIN], typed: ["4315"], authorities: try keys())
        #expect(again.pins.map(\.triesLeft) == [3], "a right PIN gives the tries back")
    }

    @Test("Three wrong PINs: the limit is exceeded, the next method counts, and the next sale asks for no PIN")
    func limit() throws {
        let card = try card("mc-credit")
        let sale = try sell(
            card, capabilities: Self.methods, attached: [.encipheredOfflinePIN], typed: ["0000"], authorities: try keys())
        #expect(sale.pins.count == 3 && sale.outcome.receipt.cvm == .signature && sale.outcome.receipt.tvr[2] == 0x20)
        let next = try sell(card, capabilities: Self.methods, attached: [.encipheredOfflinePIN], typed: [], authorities: try keys())
        #expect(next.pins.isEmpty && next.outcome.receipt.tvr[2] == 0x20)
    }

    @Test("Without an authority's key there is no PIN key: signature")
    func noKey() throws {
        let sale = try sell(try card("mc-credit"), capabilities: Self.methods, attached: [.encipheredOfflinePIN])
        #expect(sale.pins.isEmpty && sale.outcome.receipt.cvm == .signature)
    }

    @Test(
        "Without a challenge of eight bytes no PIN can be enciphered: none is asked for, and the next method counts (EMV Book 2, 7.2)",
        arguments: [("", 0x9000), ("01020304050607", 0x9000), ("010203040506070809", 0x9000), ("", 0x6D00)] as [(String, UInt16)])
    func badChallenge(challenge: String, status: UInt16) throws {
        let sale = try sell(
            try card("mc-credit"), capabilities: Self.methods, attached: [.encipheredOfflinePIN], authorities: try keys()
        ) { command, response in
            command.instruction == 0x84 ? ResponseAPDU(data: bytes(challenge), status: StatusWord(status)) : response
        }
        #expect(sale.pins.isEmpty && sale.outcome.receipt.cvm == .signature && sale.outcome.verdict == .approved)
    }

    @Test("A plaintext PIN is verified by the card")
    func plaintext() throws {
        let card = try card("visa-credit") { $0.applications[0].cvmList = bytes("0000000000000000" + "4100" + "1F00") }
        let sale = try sell(card, attached: [.plaintextOfflinePIN], typed: ["12345", "1234"])
        #expect(sale.outcome.receipt.cvm == .offlinePIN && sale.outcome.receipt.cvmResults.hex == "410002" && sale.pins.count == 2)
    }

    @Test("The debit card's PIN goes to the issuer where there is a pad; elsewhere it signs")
    func online() throws {
        let sale = try sell(try card("visa-debit"), attached: [.encipheredOnlinePIN], typed: ["2468"])
        #expect(sale.outcome.receipt.cvm == .onlinePIN && sale.outcome.receipt.tvr[2] == 0x04 && sale.outcome.verdict == .approved)
        #expect(try sell(try card("visa-debit")).outcome.receipt.cvm == .signature)
    }

    // MARK: Scripts

    @Test("The issuer unblocks and changes the PIN, before or after the last cryptogram", arguments: [false, true])
    func changesPIN(first: Bool) throws {
        let card = try card("mc-credit")
        let plain = try sell(
            card, attached: [], orders: [.changePIN(SecretBytes("77777".utf8)), .unblockPIN], scriptFirst: first)
        let last = plain.final ?? plain.outcome
        #expect(plain.outcome.verdict == .approved && last.receipt.scriptResults.hex == "2000000001")
        #expect(last.receipt.tsi[0] & 0x04 == 0x04 && last.receipt.tvr[4] & 0x30 == 0)
        let sale = try sell(
            card, capabilities: Self.methods, attached: [.encipheredOfflinePIN], typed: ["4315", "77777"], authorities: try keys())
        #expect(sale.pins.count == 2 && sale.outcome.receipt.cvm == .offlinePIN)
    }

    @Test("A blocked application is none any more; a blocked card says so")
    func blocks() throws {
        let first = try card("visa-credit")
        #expect(try sell(first, orders: [.blockApplication]).final?.receipt.scriptResults.hex == "2000000001")
        #expect(try sell(first).outcome.reason == "applicationBlocked")
        let second = try card("visa-credit")
        _ = try sell(second, orders: [.blockCard])
        #expect(try sell(second).outcome.reason == "cardBlocked")
    }

    @Test("Scripts that the card refuses change nothing and are reported: script-fails")
    func fails() throws {
        let late = try sell(try card("script-fails"), orders: [.unblockPIN])
        #expect(late.outcome.verdict == .approved)
        #expect(late.final?.receipt.scriptResults.hex == "1100000001" && late.final?.receipt.tvr[4] == 0x10)
        let early = try sell(try card("script-fails"), orders: [.unblockPIN], scriptFirst: true)
        #expect(early.outcome.receipt.tvr[4] == 0x20 && early.outcome.finalICCData.hex.contains("9F5B051100000001"))
    }

    @Test("A MAC over anything else than this command of this transaction is refused")
    func mac() throws {
        let dialogue = try CardDialogue("visa-credit")
        _ = try dialogue.begin()
        let request = try dialogue.generate(0x80)
        let profile = dialogue.profile
        let master = try CardCryptography.cardMasterKey(
            issuerKey: IssuerCryptography.labScriptMasterKey, pan: profile.pan, panSequenceNumber: profile.panSequenceNumber)
        let right = ScriptCryptography(
            cardKey: master, requestCryptogram: request.cryptogram, transactionCounter: request.counter)
        let command = try right.command(.blockApplication)
        for index in command.indices where index != 1 && index != 4 {
            var changed = command
            changed[index] ^= 0x01
            let answer = try #require(dialogue.card.process(changed))
            #expect(answer.suffix(2).hex != "9000", "byte \(index)")
        }
        let other = ScriptCryptography(
            cardKey: master, requestCryptogram: request.cryptogram, transactionCounter: request.counter &+ 1)
        try dialogue.send(try other.command(.blockApplication).hex, "6988")
        try dialogue.send("841E000000", "6987")
        try dialogue.send(command.hex, "9000")
    }

    @Test("Scripts before an ARQC are refused")
    func tooEarly() throws {
        let dialogue = try CardDialogue("visa-credit")
        _ = try dialogue.begin()
        try dialogue.send("841E000008" + "0000000000000000", "6985")
    }

    // MARK: Cards that end early

    @Test(
        "Cards end as their names say",
        arguments: [
            ("blocked-app", "applicationBlocked"), ("blocked-card", "cardBlocked"), ("mute-midway", "cardLost"),
            ("no-common-aid", "noCommonApplication"),
        ])
    func ends(name: String, reason: String) throws {
        let sale = try sell(try card(name))
        #expect(!sale.wentOnline && sale.outcome.reason == reason && sale.outcome.verdict != .approved)
    }

    @Test("mc-offline approves without its issuer under the floor limit, until its own limits are reached")
    func offline() throws {
        let card = try card("mc-offline")
        for counter in 1...5 {
            let sale = try sell(card, capabilities: Self.methods, authorities: try keys(), floorLimit: 10_000)
            #expect(sale.outcome.verdict == .approved)
            // The card has never been online: a new card; over its lower limit the terminal asks the issuer.
            #expect(sale.wentOnline == (counter == 4), "sale \(counter)")
            if !sale.wentOnline { #expect(sale.outcome.adviceICCData.hex.contains("9F2701" + "40")) }
        }
    }
}
