import Hex
import Lab
import SmartCard
import Testing
import USB

@testable import Devices

/// A profile at one of the exchange levels.
func levelProfile(_ level: CCIDReaderProfile.Level, features: UInt32 = 0x00BA) -> CCIDReaderProfile {
    var profile = CCIDReaderProfile()
    profile.level = level
    profile.features = features
    return profile
}

/// EMV's basic answers to reset.
let basicT0 = "3B6000" + "00"
let basicT1 = "3BE000008131FE45" + "EB"

@Suite("CCID readers below APDU level", .timeLimit(.minutes(1))) struct CCIDReaderLevelTests {
    static let levels: [CCIDReaderProfile.Level] = [.character, .tpdu, .shortAPDU, .extendedAPDU]

    @Test("the basic answers to reset are EMV's") func basicAnswers() throws {
        for hex in [basicT0, basicT1] { #expect(try AnswerToReset.parse([UInt8](hex: hex) ?? []).emvFindings(after: .cold).isEmpty) }
    }

    @Test("the same commands at every level and with both protocols; the card sees the same", arguments: levels)
    func sameCommands(level: CCIDReaderProfile.Level) async throws {
        let virtual = VirtualCCIDReader(levelProfile(level))
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        for answerToReset in [basicT0, basicT1] {
            let isT0TPDU = answerToReset == basicT0 && (level == .tpdu || level == .character)
            // T=0 carries no Le with data, and a case 2 length only once the card has named it.
            let select = isT0TPDU ? String(selectPSEHex.dropLast(2)) : selectPSEHex
            let long = (0..<200).map { UInt8($0) }
            var steps: [(command: String, response: String?)] = [(select, "6F0A8408A00000000310109000")]
            if isT0TPDU { steps.append(("00B2010C00", long.hex + "9000")) }
            steps.append((isT0TPDU ? "00B2010CC8" : "00B2010C00", long.hex + "9000"))
            steps += [("0020008008241234FFFFFFFFFF", "63C2"), ("80E20000FF" + String(repeating: "A5", count: 255), "9000")]
            let card = ScriptedCard(answerToReset: answerToReset, steps)
            virtual.insert(card)
            #expect(try await reader.powerOn().hex == answerToReset)
            #expect(try await reader.transmit(selectPSE).data.hex == "6F0A8408A0000000031010")
            #expect(try await reader.transmit(CommandAPDU(0, 0xB2, 1, 0x0C, expectedLength: 256)).data == long)
            let verify = CommandAPDU(0, 0x20, 0, 0x80, data: [UInt8](hex: "241234FFFFFFFFFF") ?? [])
            #expect(try await reader.transmit(verify).status == StatusWord(0x63C2))
            let bulk = CommandAPDU(0x80, 0xE2, 0, 0, data: [UInt8](repeating: 0xA5, count: 255))
            #expect(try await reader.transmit(bulk).status == .success)
            card.expectFinished()
            #expect(card.resets == 1)
            virtual.remove()
        }
        await bench.close()
    }

    @Test("a T=1 card may take less in one block than a command has, and gets it in a chain") func smallBlocks() async throws {
        let virtual = VirtualCCIDReader(levelProfile(.tpdu))
        let interface: [UInt8] = [0xE0, 0x00, 0x00, 0x81, 0x31, 0x10, 0x45]
        let answer = ([0x3B] + interface + [interface.reduce(0, ^)]).hex
        let response = (0..<256).map { UInt8(truncatingIfNeeded: $0) }
        let data = [UInt8](repeating: 0xA5, count: 255)
        let card = ScriptedCard(answerToReset: answer, [("80E20000FF" + data.hex + "00", response.hex + "9000")])
        virtual.insert(card)
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        _ = try await reader.powerOn()
        #expect(try await reader.transmit(CommandAPDU(0x80, 0xE2, 0, 0, data: data, expectedLength: 256)).data == response)
        card.expectFinished()
        await bench.close()
    }

    @Test("damage on the way to the card is repaired by T=1, silence ends the session, and the next reset works") func t1Errors()
        async throws
    {
        let virtual = VirtualCCIDReader(levelProfile(.tpdu))
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        for (error, code) in [(0xFD, nil), (0xFC, nil), (0xFE, DeviceError.Code.cardMute)] as [(UInt8, DeviceError.Code?)] {
            let card = ScriptedCard(answerToReset: basicT1, [(selectPSEHex, "9000")])
            virtual.insert(card)
            _ = try await reader.powerOn()
            virtual.inject(.error(error), on: 0x6F)
            #expect(await errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) } == code)
            if code != nil {
                #expect(card.powerOffs == 1, "a session that failed ends without power")
                #expect(await errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) } == .cardMute)
                _ = try await reader.powerOn()
                #expect(try await reader.transmit(selectPSE).status == .success)
            }
            card.expectFinished()
            virtual.remove()
        }
        await bench.close()
    }

    @Test("a T=1 card that loses three blocks in a row is given up") func t1GivenUp() async throws {
        let virtual = VirtualCCIDReader(levelProfile(.tpdu))
        let card = ScriptedCard(answerToReset: basicT1)
        virtual.insert(card)
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        _ = try await reader.powerOn()
        virtual.inject(.error(0xFD), on: 0x6F, times: 3)
        #expect(await errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) } == .cardMute)
        card.expectFinished()
        await bench.close()
    }

    @Test("an extended command is unsupported with T=0, and the card stays usable") func extendedWithT0() async throws {
        let virtual = VirtualCCIDReader(levelProfile(.tpdu))
        let card = ScriptedCard(answerToReset: basicT0, [(String(selectPSEHex.dropLast(2)), "9000")])
        virtual.insert(card)
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        _ = try await reader.powerOn()
        let long = CommandAPDU(0, 0xE2, 0, 0, data: [UInt8](repeating: 0, count: 256))
        #expect(await errorCode { () throws(DeviceError) in try await reader.transmit(long) } == .unsupported)
        #expect(try await reader.transmit(selectPSE).status == .success)
        card.expectFinished()
        await bench.close()
    }

    @Test(
        "a bad answer to reset gets one warm reset; a second one ends with the card powered off (EMV Level 1, 8.4)", arguments: levels)
    func warmReset(level: CCIDReaderProfile.Level) async throws {
        let virtual = VirtualCCIDReader(levelProfile(level))
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        for (answers, code, resets) in [
            (["3B602500", "3B602500"], nil, 2), ([basicT0], nil, 1), (["3B00", basicT0], nil, 2), (["3BE0000020", basicT0], nil, 2),
            (["3BE0000002E2", "3BE0000002E2"], DeviceError.Code.cardMute, 2), (["3C00", "3C00"], .cardMute, 2),
        ] as [([String], DeviceError.Code?, Int)] {
            let card = ResettingCard(answers)
            virtual.insert(card)
            #expect(await errorCode { () throws(DeviceError) in try await reader.powerOn() } == code, "\(answers)")
            #expect(card.resets == resets, "\(answers)")
            #expect(card.powerOffs == (code == nil ? 0 : 1), "\(answers)")
            virtual.remove()
        }
        await bench.close()
    }

    @Test("a second power on is a cold reset: the card loses power in between") func coldAgain() async throws {
        let virtual = VirtualCCIDReader()
        let card = ResettingCard([basicT0, basicT0])
        virtual.insert(card)
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        _ = try await reader.powerOn()
        _ = try await reader.powerOn()
        #expect(card.resets == 2 && card.powerOffs == 1)
        await bench.close()
    }
}
