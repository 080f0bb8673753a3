import Hex
import Lab
import SmartCard
import Testing
import USB

@testable import Devices

/// Who would send the PPS request.
enum RatesBy: CaseIterable, Sendable {
    /// TPDU and character level without automatic PPS: the terminal.
    case terminalWithTPDUs, terminalWithCharacters
    /// dwFeatures 0x80: the reader, when it is told the rates.
    case readerWithTPDUs, readerWithAPDUs

    var profile: CCIDReaderProfile {
        switch self {
        case .terminalWithTPDUs: levelProfile(.tpdu, features: 0x003A)
        case .terminalWithCharacters: levelProfile(.character, features: 0x003A)
        case .readerWithTPDUs: levelProfile(.tpdu)
        case .readerWithAPDUs: levelProfile(.shortAPDU)
        }
    }
}

@Suite("CCID: rates between reader and card (ISO/IEC 7816-3, 9; EMV Level 1, 8.3.3.1)", .timeLimit(.minutes(1))) struct CCIDRatesTests {
    /// TA1 in negotiable mode.
    static func negotiable(_ ta1: UInt8, t1: Bool) -> String {
        guard t1 else { return "3B70" + [ta1, 0x00, 0x00].hex }
        let bytes: [UInt8] = [0xF0, ta1, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x45]
        return "3B" + (bytes + [bytes.reduce(0, ^)]).hex
    }

    private struct Seen: Equatable {
        var rates: UInt8?
        var resets: Int
    }

    /// One plug; in it card after card that answers a SELECT after power on, and what was seen of each.
    private func sessions(
        _ profile: CCIDReaderProfile, _ answersToReset: [String], _ agreement: RateAgreement = .agrees, negotiates: Bool = true,
        fault: CCIDReaderFault? = nil
    ) async throws -> [Seen] {
        let virtual = VirtualCCIDReader(profile)
        let bench = try Bench(virtual, negotiatesRates: negotiates)
        let reader = try await bench.chipReader()
        var seen: [Seen] = []
        for answer in answersToReset {
            let isT0 = (try AnswerToReset.parse([UInt8](hex: answer) ?? [])).protocols.first == 0
            let isCut = isT0 && (profile.level == .tpdu || profile.level == .character)
            let card = ScriptedCard(
                answerToReset: answer, rateAgreement: agreement, [(isCut ? String(selectPSEHex.dropLast(2)) : selectPSEHex, "6A82")])
            virtual.insert(card)
            if let fault { virtual.inject(fault, on: 0x61) }
            #expect(try await reader.powerOn().hex == answer)
            let rates = virtual.rates()
            #expect(try await reader.transmit(selectPSE).status == StatusWord(0x6A82), "the card is heard")
            card.expectFinished()
            seen.append(Seen(rates: rates, resets: card.resets))
            virtual.remove()
        }
        await bench.close()
        return seen
    }

    private static let both = [negotiable(0x95, t1: false), negotiable(0x95, t1: true)]

    @Test("a card that agrees is spoken to at the rates it offered, after one reset", arguments: RatesBy.allCases)
    func agreed(by: RatesBy) async throws {
        let offered: [UInt8] = [0x13, 0x18, 0x95]
        let answers = [false, true].flatMap { t1 in offered.map { Self.negotiable($0, t1: t1) } }
        #expect(try await sessions(by.profile, answers) == (offered + offered).map { Seen(rates: $0, resets: 1) })
    }

    @Test("the standard is EMV's: no agreement is asked for", arguments: RatesBy.allCases)
    func emvStandard(by: RatesBy) async throws {
        let seen = try await sessions(by.profile, Self.both, .mute, negotiates: false)
        #expect(seen == [Seen(rates: 0x11, resets: 1), Seen(rates: 0x11, resets: 1)])
    }

    @Test("a card that keeps the default rates needs no reset when the terminal asked")
    func keepsDefault() async throws {
        for by in [RatesBy.terminalWithTPDUs, .terminalWithCharacters] {
            let seen = try await sessions(by.profile, Self.both, .keepsDefault)
            #expect(seen == [Seen(rates: 0x11, resets: 1), Seen(rates: 0x11, resets: 1)])
        }
    }

    @Test(
        "a card that falls silent or answers something else is reset and not asked again (9.3)", arguments: RatesBy.allCases,
        [RateAgreement.mute, .garbage])
    func refused(by: RatesBy, agreement: RateAgreement) async throws {
        let seen = try await sessions(by.profile, Self.both, agreement)
        #expect(seen == [Seen(rates: 0x11, resets: 2), Seen(rates: 0x11, resets: 2)])
    }

    @Test("a reader that does not take the rates that the card agreed to: the card is reset to the default", arguments: RatesBy.allCases)
    func readerRefuses(by: RatesBy) async throws {
        let seen = try await sessions(by.profile, Self.both, fault: .error(10))
        #expect(seen == [Seen(rates: 0x11, resets: 2), Seen(rates: 0x11, resets: 2)])
    }

    @Test("nothing is asked of a card in specific mode, at reserved rates, or beyond what card and reader can", arguments: RatesBy.allCases)
    func notAsked(by: RatesBy) async throws {
        // TA2: the card insists on T=0 and D = 4; D = 0 and F = 14 are reserved; 11 is the default itself.
        let answers = ["3BB013001000"] + [0x10, 0xE1, 0x11].map { Self.negotiable($0, t1: false) }
        let seen = try await sessions(by.profile, answers, .mute)
        #expect(seen == [0x13, 0x11, 0x11, 0x11].map { Seen(rates: $0, resets: 1) })
        var slow = by.profile
        slow.maximumDataRate = 115_200
        #expect(try await sessions(slow, Self.both, .mute) == [Seen(rates: 0x11, resets: 1), Seen(rates: 0x11, resets: 1)])
    }

    @Test("a reader that negotiates by itself (dwFeatures 0x40) is told nothing") func readersOwn() throws {
        let answer = try AnswerToReset.parse([UInt8](hex: Self.negotiable(0x95, t1: true)) ?? [])
        var profile = levelProfile(.tpdu, features: 0x007A)
        for (features, expected) in [
            (0x007A, CCIDRates.asReset), (0x00BA, .byReader(0x95)),
            (0x003A, .byTerminal(ProtocolSelection(transmissionProtocol: 1, rates: 0x95))),
        ] as [(UInt32, CCIDRates)] {
            profile.features = features
            #expect(CCIDRates(answer, through: try interface(profile)) == expected)
        }
        // At APDU level no block of the terminal's reaches the card as it is.
        #expect(CCIDRates(answer, through: try interface(levelProfile(.shortAPDU, features: 0x003A))) == .asReset)
    }

    private func interface(_ profile: CCIDReaderProfile) throws -> CCIDInterface {
        let bus = MemoryBus()
        try bus.plug(VirtualCCIDReader(profile), at: Bench.port)
        let info = try #require(bus.devices.first)
        guard case .usable(let interface) = CCIDInterface.recognise(info.descriptor).first else {
            throw DeviceError(.unsupported, "the profile is no reader")
        }
        return interface
    }
}
