import Seeds
import Hex
import Keys
import Testing

@testable import Devices

/// The level 3 swipe of MagTek D99875475, appendix D: 856 bytes, key serial number FFFF9876543210E00008.
let magneSafeSwipe: [UInt8] = {
    var report = [UInt8](repeating: 0, count: 856)
    func put(_ offset: Int, _ bytes: [UInt8]) { for (index, byte) in bytes.enumerated() { report[offset + index] = byte } }
    put(3, hex("40282000"))
    put(
        7,
        hex(
            "C25C1D1197D31CAA87285D59A892047426D9182EC11353C051ADD6D0F072A6CB3436560B3071FC1FD11D9F7E74886742D9BEE0CFD1EA1064C213BB55278B2F12"
        ))
    put(119, hex("724C5DB7D6F901C7F0FEAE7908801093B3DBFE51CCF6D483E789D7D2C007D539499BAADCC8D16CA2"))
    put(231, hex("76BB013C0DFD8195F16F2FBC50A35171AA370131F87442313EE36457B87C87F9"))
    put(493, hex("0006FFFF9876543210E000083C251F"))
    put(508, Array("%B5452000000007189^HOGAN/PAUL      ^08040000000000000000000?".utf8))
    put(620, Array(";5452000000007189=080400000000000000?".utf8))
    put(732, Array(";5163000050000445=000000000000?".utf8))
    return report
}()

private func magneSafe(_ report: [UInt8]) -> StripeRead? {
    MagTekReportLayout(nil, fallback: MagTekReportLayout.magneSafe).read(report, isMagneSafe: true)
}

extension SecretBytes {
    var testText: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}

@Suite("MagTek input reports")
struct MagTekReportTests {
    @Test("MagneSafe's encrypted tracks and key serial number are passed on as they are (D99875475, appendix D)")
    func encrypted() throws {
        let read = try #require(magneSafe(magneSafeSwipe))
        let encrypted = try #require(read.encrypted)
        #expect(encrypted.scheme == "MAGNESAFE-TDES")
        #expect(encrypted.keySerialNumber.hex == "FFFF9876543210E00008")
        #expect(encrypted.track1.count == 0x40)
        #expect(encrypted.track2.hex.hasPrefix("724C5DB7D6F901C7"))
        #expect(encrypted.track2.count == 0x28)
        #expect(encrypted.track3.count == 0x20)
        #expect(encrypted.maskedTrack2 == ";5452000000007189=080400000000000000?")
        #expect(read.track1 == nil && read.track2 == nil && read.track3 == nil)
        #expect(read.failedTracks.isEmpty)
    }

    @Test("without encryption (level 2) the tracks are in clear")
    func level2() throws {
        var report = magneSafeSwipe
        for (offset, text) in [
            (7, "%B5452300551227189^HOGAN/PAUL      ^08043210000000725000000?"), (119, ";5452300551227189=080432100000007250?"),
        ] {
            for (index, byte) in text.utf8.enumerated() { report[offset + index] = byte }
        }
        report.replaceSubrange(3...5, with: hex("3C251F"))
        report.replaceSubrange(493...494, with: hex("0002"))
        let read = try #require(magneSafe(report))
        #expect(read.encrypted == nil)
        #expect(read.track2?.testText == ";5452300551227189=080432100000007250?")
        #expect("\(read)".contains("5452300551227189") == false)
    }

    @Test("a track that could not be decoded is named and not passed on")
    func failed() throws {
        var report = magneSafeSwipe
        report[1] = 1
        let read = try #require(magneSafe(report))
        #expect(read.failedTracks == [2])
        #expect(read.encrypted?.track2 == [])
    }

    @Test("lengths beyond the field are not believed")
    func lengths() throws {
        var report = magneSafeSwipe
        report[4] = 113
        #expect(try #require(magneSafe(report)).encrypted?.track2 == [])
        report.replaceSubrange(3...5, with: [255, 255, 255])
        #expect(magneSafe(report) == nil)
    }

    @Test("fields stand where the report descriptor says, whatever the table says")
    func byUsage() throws {
        // The same fields with track 2 in front.
        let descriptor = try HIDReportDescriptor(
            parsing: hex(
                "0600FF0901A101 1500 26FF00 7508 0931 956E 820201 0920 0921 0922 0928 0929 092A 0938 9507 8102 0930 956E 820201 0932 956E 820201 C0"
            ))
        let layout = MagTekReportLayout(descriptor.report(.input), fallback: MagTekReportLayout.sureSwipe)
        let text = Array(";4761739001010119=39122011234?".utf8)
        var report = [UInt8](repeating: 0, count: 337)
        for (index, byte) in text.enumerated() { report[index] = byte }
        report[110 + 4] = UInt8(text.count)
        #expect(layout.read(report, isMagneSafe: false)?.track2?.testText == ";4761739001010119=39122011234?")
    }

    @Test("a report that is no swipe is none: empty, cut off, insertion without data")
    func none() {
        #expect(magneSafe([]) == nil)
        #expect(magneSafe([UInt8](repeating: 0, count: 887)) == nil)
        #expect(magneSafe(Array(magneSafeSwipe.prefix(200))) == nil)
    }

    @Test("random and truncated reports never trap")
    func random() {
        var random = SeededRandom(seed: 475)
        for _ in 0..<5_000 {
            var report = magneSafeSwipe
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                report[Int.random(in: report.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            report = Array(report.prefix(Int.random(in: 0...report.count, using: &random)))
            _ = magneSafe(report)
            _ = MagTekReportLayout(nil, fallback: MagTekReportLayout.sureSwipe).read(report, isMagneSafe: false)
        }
    }

    @Test("commands and answers of the feature report (D99875475, appendix D)")
    func commands() throws {
        #expect(MagTekCommand.getProperty(.softwareID).report(length: 5) == [0, 1, 0, 0, 0])
        #expect(try MagTekCommand.parse(hex("000B3231303432383132443031") + [0, 0]) == Array("21042812D01".utf8))
        #expect(try MagTekCommand.parse(hex("000AFFFF9876543210E00001")).count == 10)
        for bad in ["", "00", "0003AA", "0700", "0100", "8000"] { #expect(throws: DeviceError.self) { try MagTekCommand.parse(hex(bad)) } }
    }
}
