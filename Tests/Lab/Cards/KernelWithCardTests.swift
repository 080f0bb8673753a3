import EMV
import Hex
import Keys
import Money
import SmartCard
import Testing

@testable import Lab

/// Kernel, card and issuer together: each was written from the books alone, so what they agree on is the books'.
@Suite("The contact kernel with the lab's cards")
struct KernelWithCardTests {
    private func card(_ name: String) throws -> EMVCard { try CardIssuer().issue(try CardProfiles.named(name)) }

    @Test(
        "Cards that should approve do, online, again and again",
        arguments: ["visa-credit", "mc-credit", "two-apps", "expired", "visa-debit", "mc-offline", "amex", "discover", "script-fails"])
    func approves(name: String) throws {
        let card = try card(name)
        for counter in 1...3 as ClosedRange<UInt8> {
            let sale = try sell(card)
            #expect(sale.outcome.verdict == .approved, "\(sale.outcome.reason ?? "")")
            #expect(sale.wentOnline)
            #expect(sale.outcome.receipt.atc == [0, counter])
        }
    }

    @Test("declines-after-approval is declined though the host approved")
    func declinesAfterApproval() throws {
        let sale = try sell(try card("declines-after-approval"))
        #expect(sale.wentOnline)
        #expect(sale.outcome.verdict == .declined)
    }

    @Test("A wrong ARPC ends in the card's refusal, for both ways of issuer authentication", arguments: ["visa-credit", "mc-credit"])
    func wrongResponse(name: String) throws {
        #expect(try sell(try card(name), corrupted: true).outcome.verdict == .declined)
    }

    @Test("A host decline and an unreachable host end declined", arguments: ["visa-credit", "mc-credit"])
    func declined(name: String) throws {
        #expect(try sell(try card(name), code: "05", approved: false).outcome.verdict == .declined)
        #expect(try sell(try card(name), noHost: true).outcome.verdict == .declined)
    }

    @Test("An expired card sets its bit of the TVR")
    func expired() throws {
        #expect(try sell(try card("expired")).outcome.receipt.tvr[1] & 0x40 != 0)
        #expect(try sell(try card("visa-credit")).outcome.receipt.tvr[1] & 0x40 == 0)
    }

    @Test("Two applications are offered, and the chosen one pays")
    func twoApplications() throws {
        for (choice, aid) in [(0, "A0000000031010"), (1, "A0000000032010")] {
            let sale = try sell(try card("two-apps"), choice: choice)
            #expect(sale.choices == ["VISA CREDIT", "VISA ELECTRON"])
            #expect(sale.outcome.receipt.aid.hex == aid)
        }
    }

    @Test("A card of an unknown scheme never gets to the host")
    func noCommonApplication() throws {
        let sale = try sell(try card("no-common-aid"))
        #expect(!sale.wentOnline)
        #expect(sale.outcome.verdict != .approved)
        #expect(sale.outcome.reason == "noCommonApplication")
    }

    // MARK: Offline data authentication

    private static let all: TerminalCapabilities = [.sda, .dda, .cda]

    @Test(
        "Each method succeeds with its card: TVR without its bits, TSI says that it was performed",
        arguments: [("visa-credit", "00"), ("mc-credit", "00"), ("sda-old", "02")])
    func authenticates(name: String, tvr: String) throws {
        let card = try card(name)
        for _ in 1...2 {
            let sale = try sell(card, capabilities: Self.all, authorities: try TestCertificationAuthority.terminalKeys())
            #expect(sale.outcome.verdict == .approved, "\(sale.outcome.reason ?? "")")
            #expect(sale.outcome.receipt.tvr.prefix(1).hex == tvr)
            #expect((sale.outcome.receipt.tsi.first ?? 0) & 0x80 == 0x80)
        }
    }

    @Test(
        "Each fault sets the bit of its method, and of nothing else",
        arguments: [("wrong-sda", "42"), ("wrong-dda", "08"), ("forged-cert", "08"), ("revoked-cert", "08")])
    func faults(name: String, tvr: String) throws {
        let sale = try sell(try card(name), capabilities: Self.all, authorities: try TestCertificationAuthority.terminalKeys())
        #expect(sale.wentOnline)
        #expect(sale.outcome.receipt.tvr.prefix(1).hex == tvr)
        #expect((sale.outcome.receipt.tsi.first ?? 0) & 0x80 == 0x80)
    }

    @Test(
        "Without the authority's key the method fails before the first cryptogram", arguments: [("visa-credit", "08"), ("mc-credit", "04")])
    func noKeys(name: String, tvr: String) throws {
        let sale = try sell(try card(name), capabilities: Self.all)
        #expect(sale.wentOnline)
        #expect(sale.outcome.receipt.tvr.prefix(1).hex == tvr)
    }

    @Test("A terminal with DDA alone takes DDA of a card that could CDA")
    func weakerTerminal() throws {
        let keys = try TestCertificationAuthority.terminalKeys()
        var asked: [UInt8] = []
        let sale = try sell(try card("mc-credit"), capabilities: [.dda], authorities: keys) { command, response in
            asked.append(command.instruction)
            return response
        }
        #expect(asked.contains(0x88) && sale.outcome.verdict == .approved && sale.outcome.receipt.tvr.first == 0x00)
    }

    /// Changes one byte of 9F36 in the answer to the `number`th GENERATE AC: everything else, the signature too, stays as the card made it.
    private func changed(_ number: Int) throws -> (sale: CardSale, requests: [UInt8]) {
        let keys = try TestCertificationAuthority.terminalKeys()
        var requests: [UInt8] = []
        let sale = try sell(try card("mc-credit"), capabilities: Self.all, authorities: keys) { command, response in
            guard command.instruction == 0xAE else { return response }
            requests.append(command.p1)
            guard requests.count == number, let objects = try? BERTLV.parse(response.data), let template = objects.first else {
                return response
            }
            let altered = template.children.map { $0.tag == 0x9F36 ? BERTLV(0x9F36, [0x77, 0x77]) : $0 }
            return ResponseAPDU(data: BERTLV(0x77, altered).encoded, status: response.status)
        }
        return (sale, requests)
    }

    @Test("CDA that fails with the ARQC is completed with an AAC at once, and the host is not asked (Book 2, 6.6.2)")
    func firstSignature() throws {
        let (sale, requests) = try changed(1)
        #expect(requests == [0x90, 0x00])
        #expect(!sale.wentOnline)
        #expect(sale.outcome.verdict == .declined && sale.outcome.reason == "combinedAuthenticationFailed")
        #expect(sale.outcome.receipt.tvr.first == 0x04)
    }

    @Test("CDA that fails with the TC after the host's approval is a decline, for the terminal to reverse (Book 2, 6.6.2)")
    func secondSignature() throws {
        let (sale, requests) = try changed(2)
        #expect(requests == [0x90, 0x50])
        #expect(sale.wentOnline)
        #expect(sale.outcome.verdict == .declined && sale.outcome.reason == "combinedAuthenticationFailed")
        #expect(sale.outcome.receipt.tvr.first == 0x04)
        let (untouched, asked) = try changed(0)
        #expect(asked == [0x90, 0x50] && untouched.outcome.verdict == .approved && untouched.outcome.receipt.tvr.first == 0x00)
    }

    @Test("A transaction the terminal declines asks for no signature: CDA counts as not performed (Book 2, 6.6)")
    func declinedWithoutSignature() throws {
        var requests: [UInt8] = []
        let sale = try sell(
            try card("mc-credit"), capabilities: Self.all, authorities: try TestCertificationAuthority.terminalKeys(),
            denial: .merchantForcedOnline
        ) { command, response in
            if command.instruction == 0xAE { requests.append(command.p1) }
            return response
        }
        #expect(requests == [0x00] && sale.outcome.verdict == .declined)
        #expect(sale.outcome.receipt.tvr.first == 0x80 && (sale.outcome.receipt.tsi.first ?? 0) & 0x80 == 0)
    }

    @Test("An offline approval stands with its signature, and falls with a wrong one (Book 2, 6.6.2)", arguments: [false, true])
    func offlineApproval(wrong: Bool) throws {
        var profile = try CardProfiles.named("mc-credit")
        profile.applications[0].firstApproval = .approve
        if wrong { profile.applications[0].fault = .wrongDynamicSignature }
        var requests: [UInt8] = []
        let sale = try sell(
            try CardIssuer().issue(profile), capabilities: Self.all, authorities: try TestCertificationAuthority.terminalKeys(),
            floorLimit: 10_000
        ) { command, response in
            if command.instruction == 0xAE { requests.append(command.p1) }
            return response
        }
        #expect(requests == [0x50] && !sale.wentOnline)
        #expect(sale.outcome.verdict == (wrong ? .declined : .approved))
        #expect(sale.outcome.receipt.tvr.first == (wrong ? 0x04 : 0x00))
        #expect(sale.outcome.receipt.cryptogram.count == (wrong ? 0 : 8))
    }

    @Test("No byte of a signed answer can be changed without the card being refused: a decline once the host has approved")
    func everyByte() throws {
        let keys = try TestCertificationAuthority.terminalKeys()
        let card = try card("mc-credit")
        for number in 1...2 {
            for position in 0..<190 {
                var count = 0
                var length = 0
                let sale = try sell(card, capabilities: Self.all, authorities: keys) { command, response in
                    guard command.instruction == 0xAE else { return response }
                    count += 1
                    guard count == number else { return response }
                    length = response.data.count
                    guard response.data.indices.contains(position) else { return response }
                    var data = response.data
                    data[position] ^= UInt8(truncatingIfNeeded: 1 << (position % 8))
                    return ResponseAPDU(data: data, status: response.status)
                }
                guard position < length else { break }
                #expect(sale.wentOnline == (number == 2), "byte \(position)")
                #expect(sale.outcome.verdict == .declined || (number == 1 && sale.outcome.verdict == .terminated), "byte \(position)")
            }
        }
    }
}
