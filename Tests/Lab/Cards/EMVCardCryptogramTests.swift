import Seeds
import Hex
import Keys
import SmartCard
import Testing

@testable import Lab

@Suite("EMV card: cryptograms")
struct EMVCardCryptogramTests {
    private func requestIssuer(_ dialogue: CardDialogue, application: Int = 0) throws -> VerifiedRequest {
        let (interchangeProfile, _) = try dialogue.begin(application)
        let answer = try dialogue.generate(0x80, application: application)
        #expect(answer.information == 0x80)
        let verdict = dialogue.verdict(of: answer, interchangeProfile: interchangeProfile)
        guard case .valid(let request) = verdict else {
            Issue.record("\(verdict)")
            throw LabError(.badRequest, "the issuer does not know the cryptogram")
        }
        return request
    }

    @Test("The issuer knows the ARQC of every card and application", arguments: try CardProfiles.serving().map(\.name))
    func knownToIssuer(name: String) throws {
        let dialogue = try CardDialogue(name)
        for index in dialogue.profile.applications.indices { _ = try requestIssuer(dialogue, application: index) }
    }

    @Test("A card's first ARQC as pyemv 1.5.0 computes it (VisaCVN18)")
    func vector() throws {
        let dialogue = try CardDialogue("visa-credit")
        let (interchangeProfile, _) = try dialogue.begin()
        #expect(interchangeProfile.hex == "3C00")
        let answer = try dialogue.generate(0x80)
        #expect(answer.issuerData.hex == "06011203A00000")
        #expect(answer.cryptogram.hex == "D126DA6C4AAAE9C6")
        #expect(answer.counter == 1)
    }

    @Test("Host approved, issuer authenticated: TC, and the last online counter follows")
    func approved() throws {
        let dialogue = try CardDialogue("visa-credit")
        let request = try requestIssuer(dialogue)
        let data = try request.issuerAuthenticationData(responseCode: bytes("3030"))
        try dialogue.send("008200000A" + data.hex)
        try dialogue.send("008200000A" + data.hex, "6985")
        let answer = try dialogue.generate(0x40, second: true)
        #expect(answer.information == 0x40)
        #expect(answer.counter == 1)
        #expect(answer.issuerData.hex == "06011203600000")
        #expect(try dialogue.send("80CA9F1300").hex == "9F13020001")
    }

    @Test("A wrong ARPC is 6300 and then AAC; the next transaction's data remember it")
    func wrongResponse() throws {
        let dialogue = try CardDialogue("visa-credit")
        let request = try requestIssuer(dialogue)
        try dialogue.send("008200000A" + request.issuerAuthenticationData(responseCode: bytes("3030"), corrupted: true).hex, "6300")
        let answer = try dialogue.generate(0x40, second: true)
        #expect(answer.information == 0x00)
        #expect(answer.issuerData[4] & 0x08 != 0)
        #expect(try dialogue.send("80CA9F1300").hex == "9F13020000")
        _ = try dialogue.begin()
        #expect(try dialogue.generate(0x80).issuerData[5] & 0x08 != 0)
    }

    @Test("An ARPC for another code, or of another transaction, is refused")
    func foreignResponse() throws {
        let dialogue = try CardDialogue("visa-credit")
        let old = try requestIssuer(dialogue)
        let request = try requestIssuer(dialogue)
        var data = try request.issuerAuthenticationData(responseCode: bytes("3030"))
        data[8...9] = [0x30, 0x35]
        try dialogue.send("008200000A" + data.hex, "6300")
        _ = try requestIssuer(dialogue)
        try dialogue.send("008200000A" + old.issuerAuthenticationData(responseCode: bytes("3030")).hex, "6300")
        _ = try requestIssuer(dialogue)
        try dialogue.send("0082000007" + String(repeating: "00", count: 7), "6700")
        try dialogue.send("0082000008" + String(repeating: "00", count: 8), "6300")
    }

    @Test("Issuer authentication in CDOL2: right 91 gives TC, wrong AAC, none TC")
    func inSecondGenerate() throws {
        let dialogue = try CardDialogue("mc-credit")
        for (corrupted, information) in [(false, UInt8(0x40)), (true, 0x00)] {
            let request = try requestIssuer(dialogue)
            try dialogue.send("008200000A" + String(repeating: "00", count: 10), "6D00")
            let data = try request.issuerAuthenticationData(responseCode: bytes("3030"), corrupted: corrupted)
            #expect(try dialogue.generate(0x40, second: true, [0x91: data]).information == information)
        }
        _ = try requestIssuer(dialogue)
        #expect(try dialogue.generate(0x40, second: true).information == 0x40)
    }

    @Test("A card whose issuer must be authenticated gives AAC without")
    func mandatory() throws {
        let dialogue = try CardDialogue("visa-credit") { $0.applications[0].issuerAuthenticationMandatory = true }
        _ = try requestIssuer(dialogue)
        #expect(try dialogue.generate(0x40, second: true).information == 0x00)
    }

    @Test("declines-after-approval gives AAC though host and issuer approved")
    func declinesAfterApproval() throws {
        let dialogue = try CardDialogue("declines-after-approval")
        let request = try requestIssuer(dialogue)
        try dialogue.send("008200000A" + request.issuerAuthenticationData(responseCode: bytes("3030")).hex)
        #expect(try dialogue.generate(0x40, second: true).information == 0x00)
    }

    @Test("A host decline ends in AAC, an asked first AAC and TC as the profile says")
    func asked() throws {
        let dialogue = try CardDialogue("visa-credit")
        _ = try requestIssuer(dialogue)
        #expect(try dialogue.generate(0x00, second: true).information == 0x00)
        _ = try dialogue.begin()
        #expect(try dialogue.generate(0x00).information == 0x00)
        _ = try dialogue.begin()
        #expect(try dialogue.generate(0x40).information == 0x80)
        let offline = try CardDialogue("visa-credit") { $0.applications[0].firstApproval = .approve }
        _ = try offline.begin()
        #expect(try offline.generate(0x40).information == 0x40)
        let refusing = try CardDialogue("visa-credit") { $0.applications[0].onlineRequest = .decline }
        _ = try refusing.begin()
        #expect(try refusing.generate(0x80).information == 0x00)
    }

    @Test("Unable to go online is told by the terminal's code Z3 or Y3")
    func unableToGoOnline() throws {
        let dialogue = try CardDialogue("visa-credit")
        _ = try requestIssuer(dialogue)
        let answer = try dialogue.generate(0x00, second: true, [0x8A: Array("Z3".utf8)])
        #expect(answer.information == 0x00)
        #expect(answer.issuerData[4] & 0x01 != 0)
        // The online transaction before was not completed.
        _ = try dialogue.begin()
        #expect(try dialogue.generate(0x80).issuerData[5] & 0x80 != 0)
    }

    @Test("The counter counts every transaction, over resets and power, for each application; two cards are two")
    func counter() throws {
        let dialogue = try CardDialogue("two-apps")
        for expected in 1...3 as ClosedRange<UInt16> {
            _ = try dialogue.begin()
            #expect(try dialogue.generate(0x80).counter == expected)
            dialogue.card.powerOff()
            _ = dialogue.card.reset()
        }
        _ = try dialogue.begin(1)
        #expect(try dialogue.generate(0x80, application: 1).counter == 1)
        let other = try CardDialogue("two-apps")
        _ = try other.begin()
        #expect(try other.generate(0x80).counter == 1)
    }

    @Test("GENERATE AC: wrong lengths and parameters change nothing")
    func parameters() throws {
        let dialogue = try CardDialogue("visa-credit")
        _ = try dialogue.begin()
        try dialogue.send("80AE80001C" + String(repeating: "00", count: 28) + "00", "6700")
        try dialogue.send("80AE80001E" + String(repeating: "00", count: 30) + "00", "6700")
        try dialogue.send("80AEC0001D" + String(repeating: "00", count: 29) + "00", "6A86")
        try dialogue.send("80AE80011D" + String(repeating: "00", count: 29) + "00", "6A86")
        #expect(try dialogue.generate(0x80).counter == 1)
    }

    @Test("Random and changed commands in every phase are answered, never trap, and the card still works")
    func randomCommands() throws {
        var generator = SeededRandom(seed: 20)
        let cards = try CardProfiles.serving().map { try CardDialogue($0.name) }
        let instructions: [UInt8] = [0x20, 0x82, 0x84, 0x88, 0xA4, 0xA8, 0xAE, 0xB2, 0xCA]
        for dialogue in cards {
            for round in 0..<2000 {
                switch round % 40 {
                case 0: _ = try dialogue.select()
                case 10: _ = try dialogue.begin()
                case 20:
                    _ = try dialogue.begin()
                    _ = try dialogue.generate(0x80)
                default: break
                }
                var command = (0..<Int.random(in: 0...40, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
                if command.count >= 5, round % 3 != 0 {
                    command[0] = Bool.random(using: &generator) ? 0x00 : 0x80
                    command[1] = instructions.randomElement(using: &generator) ?? 0
                    command[2] &= 0xC7
                    command[3] = Bool.random(using: &generator) ? 0 : command[3]
                    command[4] = UInt8(command.count - 5)
                }
                let answer = try #require(dialogue.card.process(command))
                #expect(answer.count >= 2)
            }
            let longest = [UInt8](repeating: 0, count: 70_000)
            #expect(dialogue.card.process(longest)?.count == 2)
            _ = dialogue.card.reset()
            _ = try dialogue.begin()
            #expect(try dialogue.generate(0x80).information == 0x80)
        }
    }
}
