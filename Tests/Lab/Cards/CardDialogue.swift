import Hex
import Keys
import SmartCard
import Testing

@testable import Lab

/// A terminal's side for tests: sends commands, fails loudly on another status than the expected one.
final class CardDialogue {
    let card: EMVCard
    let profile: CardProfile

    init(_ name: String, change: (inout CardProfile) -> Void = { _ in }) throws {
        var profile = try CardProfiles.named(name)
        change(&profile)
        self.profile = profile
        card = try CardIssuer().issue(profile)
        _ = card.reset()
    }

    @discardableResult
    func send(_ hex: String, _ status: String = "9000", _ location: SourceLocation = #_sourceLocation) throws -> [UInt8] {
        let answer = try #require(card.process(bytes(hex)), sourceLocation: location)
        #expect(answer.suffix(2).hex == status, "\(hex.prefix(8))", sourceLocation: location)
        return Array(answer.dropLast(2))
    }

    func select(_ application: Int = 0) throws -> BERTLV {
        let aid = profile.applications[application].aid
        let answer = try send("00A40400" + [UInt8(aid.count)].hex + aid.hex + "00")
        return try #require(try BERTLV.parse(answer).first(0x6F))
    }

    /// GPO with zeros; AIP and AFL.
    func begin(_ application: Int = 0) throws -> (profile: [UInt8], locator: [UInt8]) {
        _ = try select(application)
        let length = profile.applications[application].pdol.dataLength
        let options = [0x83, UInt8(length)] + [UInt8](repeating: 0, count: length)
        let objects = try BERTLV.parse(try send("80A80000" + [UInt8(options.count)].hex + options.hex + "00"))
        if let value = objects.first(0x80)?.value { return (Array(value.prefix(2)), Array(value.dropFirst(2))) }
        let template = try #require(objects.first(0x77))
        return (try #require(template.first(0x82)).value, try #require(template.first(0x94)).value)
    }

    /// Every record of the AFL; also what offline data authentication covers.
    func readRecords(_ locator: [UInt8]) throws -> (objects: [BERTLV], signed: [UInt8]) {
        var objects: [BERTLV] = []
        var signed: [UInt8] = []
        for start in stride(from: 0, to: locator.count, by: 4) {
            let (file, first, last, count) = (locator[start] >> 3, locator[start + 1], locator[start + 2], locator[start + 3])
            for record in first...last {
                let answer = try send("00B2" + [record, file << 3 | 4].hex + "00")
                let template = try #require(try BERTLV.parse(answer).first(0x70))
                objects += template.children
                if record - first < count { signed += template.content }
            }
        }
        return (objects, signed)
    }

    static let terminalData: [TagNumber: [UInt8]] = [
        0x9F02: bytes("000000000500"), 0x9F03: bytes("000000000000"), 0x9F1A: bytes("0840"), 0x95: bytes("8000008000"),
        0x5F2A: bytes("0840"), 0x9A: bytes("260105"), 0x9C: [0x00], 0x9F37: bytes("52BF4585"), 0x8A: bytes("3030"), 0x9F35: [0x22],
    ]

    struct Cryptogram {
        var information: UInt8
        var counter: UInt16
        var cryptogram: [UInt8]
        var issuerData: [UInt8]
    }

    /// GENERATE AC with P1, the data by the card's list.
    func generate(
        _ p1: UInt8, second: Bool = false, application: Int = 0, _ values: [TagNumber: [UInt8]] = [:],
        _ location: SourceLocation = #_sourceLocation
    ) throws -> Cryptogram {
        let list = second ? profile.applications[application].cdol2 : profile.applications[application].cdol1
        let known = Self.terminalData.merging(values) { $1 }
        let data = list.entries.flatMap { known[$0.tag] ?? [UInt8](repeating: 0, count: $0.length) }
        let answer = try send("80AE" + [p1, 0, UInt8(data.count)].hex + data.hex + "00", "9000", location)
        let objects = try BERTLV.parse(answer)
        if let value = objects.first(0x80)?.value, value.count >= 11 {
            return Cryptogram(
                information: value[0], counter: UInt16(value[1]) << 8 | UInt16(value[2]), cryptogram: Array(value[3..<11]),
                issuerData: Array(value[11...]))
        }
        let template = try #require(objects.first(0x77), sourceLocation: location)
        let counter = try #require(template.first(0x9F36)).value
        return Cryptogram(
            information: try #require(template.first(0x9F27)).value[0], counter: UInt16(counter[0]) << 8 | UInt16(counter[1]),
            cryptogram: try #require(template.first(0x9F26)).value, issuerData: try #require(template.first(0x9F10)).value)
    }

    /// What the issuer says to a cryptogram, over a field 55 as the terminal would send it.
    func verdict(of answer: Cryptogram, interchangeProfile: [UInt8]) -> IssuerCryptography.Verdict {
        var values = Self.terminalData
        values[0x9F26] = answer.cryptogram
        values[0x9F36] = answer.counter.bytes
        values[0x9F10] = answer.issuerData
        values[0x82] = interchangeProfile
        let data = values.sorted { $0.key < $1.key }.flatMap { BERTLV($0.key, $0.value).encoded }
        return IssuerCryptography().verify(iccData: data, pan: profile.pan, panSequenceNumber: profile.panSequenceNumber)
    }
}

extension CardProfiles {
    /// The cards that answer to the last command: neither blocked nor mute.
    static func serving() throws -> [CardProfile] {
        try load().filter { card in card.chip == .works && !card.blocked && card.applications.allSatisfy { !$0.blocked && $0.muteAt == nil }
        }
    }
}
