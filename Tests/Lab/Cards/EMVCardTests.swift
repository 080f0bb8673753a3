import Hex
import Keys
import SmartCard
import Testing

@testable import Lab

@Suite("EMV card: commands")
struct EMVCardTests {
    @Test("The answer to reset is EMV's basic T=1 answer with a right check byte")
    func answerToReset() throws {
        let answer = try #require(try CardDialogue("visa-credit").card.reset())
        #expect(answer.prefix(8).hex == "3BE300008131FE45")
        #expect(answer.dropFirst().reduce(0, ^) == 0)
    }

    @Test("The directory lists every application; past its end is 6A83")
    func directory() throws {
        let dialogue = try CardDialogue("two-apps")
        let answer = try BERTLV.parse(try dialogue.send("00A404000E315041592E5359532E444446303100"))
        #expect(answer.first(0x6F)?.first(0xA5)?.first(0x88)?.value == [1])
        for (index, application) in dialogue.profile.applications.enumerated() {
            let record = try BERTLV.parse(try dialogue.send("00B2" + [UInt8(index + 1)].hex + "0C00"))
            let entry = record.first(0x70)?.first(0x61)
            #expect(entry?.first(0x4F)?.value == application.aid)
            #expect(entry?.first(0x50)?.value == Array(application.label.utf8))
            #expect(entry?.first(0x87)?.value == [application.priority])
        }
        try dialogue.send("00B2030C00", "6A83")
        try dialogue.send("00B2011400", "6A82")
        try dialogue.send("80A8000002830000", "6985")
    }

    @Test("A card without directory answers 6A82 for it")
    func noDirectory() throws {
        let dialogue = try CardDialogue("visa-credit") { $0.paymentSystemEnvironment = false }
        try dialogue.send("00A404000E315041592E5359532E444446303100", "6A82")
        _ = try dialogue.select()
    }

    @Test("SELECT finds by partial name, then the next occurrence, then no more")
    func partialSelection() throws {
        let dialogue = try CardDialogue("two-apps")
        let first = try BERTLV.parse(try dialogue.send("00A4040005A00000000300"))
        #expect(first.first(0x6F)?.first(0x84)?.value.hex == "A0000000031010")
        let next = try BERTLV.parse(try dialogue.send("00A4040205A00000000300"))
        #expect(next.first(0x6F)?.first(0x84)?.value.hex == "A0000000032010")
        try dialogue.send("00A4040205A00000000300", "6A82")
        try dialogue.send("00A4040205A00000000400", "6A82")
        try dialogue.send("00A4040005A00000000400", "6A82")
        try dialogue.send("00A4040008A00000000310100100", "6A82")
    }

    @Test("Blocked applications answer 6283, blocked cards 6A81")
    func blocked() throws {
        let application = try CardDialogue("visa-credit") { $0.applications[0].blocked = true }
        try application.send("00A4040007A000000003101000", "6283")
        try application.send("80A80000028300", "6985")
        let card = try CardDialogue("visa-credit") { $0.blocked = true }
        try card.send("00A4040007A000000003101000", "6A81")
        try card.send("00A404000E315041592E5359532E444446303100", "6A81")
    }

    @Test("The file control information names label, language and PDOL")
    func fileControlInformation() throws {
        let template = try CardDialogue("visa-credit").select()
        let proprietary = try #require(template.first(0xA5))
        #expect(proprietary.first(0x50)?.value == Array("VISA CREDIT".utf8))
        #expect(proprietary.first(0x9F38)?.value.hex == "9F1A025F2A029F3303")
        #expect(proprietary.first(0x5F2D)?.value == Array("en".utf8))
        #expect(proprietary.first(0x9F12)?.value == Array("Visa Credit".utf8))
    }

    @Test("Every card's records hold what a terminal must have, none twice", arguments: try CardProfiles.serving().map(\.name))
    func records(name: String) throws {
        let dialogue = try CardDialogue(name)
        for index in dialogue.profile.applications.indices {
            let (interchangeProfile, locator) = try dialogue.begin(index)
            let (objects, signed) = try dialogue.readRecords(locator)
            let tags = objects.map(\.tag)
            #expect(Set(tags).count == tags.count)
            for tag in [0x57, 0x5A, 0x5F24, 0x5F25, 0x5F28, 0x5F34, 0x8C, 0x8D, 0x8E, 0x9F07, 0x9F08, 0x9F0D, 0x9F0E, 0x9F0F] as [TagNumber]
            {
                #expect(tags.contains(tag), "\(name) \(tag)")
            }
            #expect(interchangeProfile[0] == dialogue.profile.applications[index].supports.reduce(0) { $0 | $1.bit })
            #expect(try BERTLV.parse(signed).first(0x5A) != nil)
            dialogue.profile.pan.withDigits { digits in
                // cn: an odd number of digits is filled with F.
                #expect(objects.first(0x5A)?.value.hex == digits + (digits.count.isMultiple(of: 2) ? "" : "F"))
                #expect(objects.first(0x57)?.value.hex.hasPrefix(digits + "D" + dialogue.profile.expiry.prefix(4)) == true)
            }
            #expect(objects.first(0x5F24)?.value.hex == dialogue.profile.expiry)
        }
    }

    @Test("READ RECORD: wrong addresses and lengths")
    func readRecordErrors() throws {
        let dialogue = try CardDialogue("visa-credit")
        _ = try dialogue.begin()
        try dialogue.send("00B2010C00")
        try dialogue.send("00B2090C00", "6A83")
        try dialogue.send("00B2012C00", "6A82")
        try dialogue.send("00B2000C00", "6A86")
        try dialogue.send("00B2010D00", "6A86")
        try dialogue.send("00B2010C01FF00", "6700")
        let record = try dialogue.send("00B2010C00")
        try dialogue.send("00B2010C01", "6C" + [UInt8(record.count)].hex)
    }

    @Test("GPO takes exactly what the PDOL asks for, once")
    func processingOptions() throws {
        let dialogue = try CardDialogue("visa-credit")
        _ = try dialogue.select()
        for (command, status) in [
            ("80A8000002830000", "6700"), ("80A800000A830808400840000000000000", "6700"), ("80A8000008830608400840000000", "6700"),
            ("80A8000009810708400840000000" + "00", "6A80"), ("80A8000003830708", "6A80"), ("80A8000000", "6700"),
            ("80A8010009830708400840000000" + "00", "6A86"), ("80A8000009830708400840000000" + "00", "9000"),
            ("80A8000009830708400840000000" + "00", "6985"),
        ] {
            try dialogue.send(command, status)
        }
    }

    @Test("GET DATA gives counters and tries; anything else is 6A88")
    func getData() throws {
        let dialogue = try CardDialogue("visa-credit")
        try dialogue.send("80CA9F3600", "6985")
        _ = try dialogue.begin()
        #expect(try dialogue.send("80CA9F3600").hex == "9F36020001")
        #expect(try dialogue.send("80CA9F1300").hex == "9F13020000")
        #expect(try dialogue.send("80CA9F1700").hex == "9F170103")
        try dialogue.send("80CA9F4F00", "6A88")
        try dialogue.send("80CA9F3601", "6C05")
    }

    @Test("GET CHALLENGE gives eight bytes, other ones each time")
    func challenge() throws {
        let dialogue = try CardDialogue("visa-credit")
        try dialogue.send("0084000000", "6985")
        _ = try dialogue.begin()
        let first = try dialogue.send("0084000000")
        #expect(first.count == 8)
        #expect(try dialogue.send("0084000000") != first)
    }

    @Test("VERIFY counts tries down, the right PIN sets them back, none left is 6983")
    func verify() throws {
        let dialogue = try CardDialogue("visa-credit")
        _ = try dialogue.begin()
        try dialogue.send("0020008008241235FFFFFFFFFF", "63C2")
        #expect(try dialogue.send("80CA9F1700").hex == "9F170102")
        try dialogue.send("0020008008241234FFFFFFFFFF")
        #expect(try dialogue.send("80CA9F1700").hex == "9F170103")
        for status in ["63C2", "63C1", "63C0", "6983", "6983"] { try dialogue.send("0020008008251234FFFFFFFFFF", status) }
        _ = dialogue.card.reset()
        _ = try dialogue.begin()
        try dialogue.send("0020008008241234FFFFFFFFFF", "6983")
        try dialogue.send("0020008007241234FFFFFFFF", "6700")
        try dialogue.send("0020008808241234FFFFFFFFFF", "6700")
        try dialogue.send("0020000008241234FFFFFFFFFF", "6A86")
    }

    @Test("Commands out of their order are answered 6985")
    func order() throws {
        let dialogue = try CardDialogue("visa-credit")
        let generate = "80AE80001D" + String(repeating: "00", count: 29) + "00"
        for phase in 0..<3 {
            if phase == 1 { try dialogue.send("00A404000E315041592E5359532E444446303100") }
            if phase == 2 { _ = try dialogue.select() }
            try dialogue.send(generate, "6985")
            try dialogue.send("008800000452BF458500", "6985")
            try dialogue.send("0082000008" + String(repeating: "00", count: 8), "6985")
            try dialogue.send("0020008008241234FFFFFFFFFF", "6985")
            if phase != 1 { try dialogue.send("00B2010C00", "6985") }
        }
        _ = try dialogue.begin()
        try dialogue.send("0082000008" + String(repeating: "00", count: 8), "6985")
        try dialogue.send(generate)
        try dialogue.send("008800000452BF458500", "6985")
        try dialogue.send("80AE80001F" + String(repeating: "00", count: 31) + "00", "6985")
        try dialogue.send("80AE40001F" + String(repeating: "00", count: 31) + "00")
        try dialogue.send("80AE40001F" + String(repeating: "00", count: 31) + "00", "6985")
        try dialogue.send(generate, "6985")
        try dialogue.send("00B2010C00", "6985")
    }

    @Test("Unknown instructions are 6D00, unknown classes 6E00, lengths that do not add up 6700")
    func malformed() throws {
        let dialogue = try CardDialogue("visa-credit")
        for (command, status) in [
            ("00FF000000", "6D00"), ("80FF000000", "6D00"), ("90FF0000", "6E00"), ("FFA40400", "6E00"), ("80A40400", "6E00"),
            ("00CA9F3600", "6E00"), ("00A80000", "6E00"), ("", "6700"), ("00", "6700"), ("00A404", "6700"), ("00A4040005A000", "6700"),
            ("00A4040001A000FF", "6700"), ("00A40400", "6700"), ("00A4040004A000000000", "6700"), ("00A4010005A00000000300", "6A86"),
            ("00A4040105A00000000300", "6A86"), ("00A40400000007A0000000031010", "9000"),
        ] {
            try dialogue.send(command, status)
        }
    }
}
