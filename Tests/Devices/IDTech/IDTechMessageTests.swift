import Seeds
import Hex
import Keys
import Testing

@testable import Devices

/// MS246 User Manual, page 39 (ID TECH's engine): enhanced format, LRC 39, sum 9F, key serial number 62994901190000000001.
private let sample = hex(
    """
    027D01003F48236B252A343236362A2A2A2A2A2A2A2A393939395E42555348204A522F47454F52474520572E4D525E2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A
    2A2A2A2A2A2A2A2A2A2A3F2A3B343236362A2A2A2A2A2A2A2A393939393D2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A3F2A3B333333333333333333333337363736373630373037303737363736
    373633333333333333333333373637363736303730373037373637363736333333333333333333333736373637363037303730373736373637363333333333333333333337363736373630373037
    30373736373637363333333333333333333337363736373630373037303F32
    """)

/// A message of the enhanced format, built from its parts.
private func enhanced(_ type: UInt8 = 0x80, status: UInt8 = 0x3F, lengths: [UInt8], sent: UInt8, encrypted: UInt8, parts: [[UInt8]])
    -> [UInt8]
{
    [type, status] + lengths + [sent, encrypted] + parts.flatMap { $0 }
}

@Suite("ID TECH output of a swipe")
struct IDTechMessageTests {
    private let serial = hex("62994901190000000001")
    private let masked1 = Array("%*4266********9999^BUSH JR/GEORGE W.MR^********************************?*".utf8)
    private let masked2 = Array(";4266********9999=***************?*".utf8)

    /// The sample's shape: masked tracks 1 and 2, track 3 clear, tracks 1 and 2 in one encrypted block, two hashes, key serial number.
    private var original: [UInt8] {
        let track3 = Array(";33333333337676760707077676763333333333?".utf8)
        let encrypted = [UInt8](repeating: 0xA5, count: (masked1.count + masked2.count + 7) / 8 * 8)
        return [0x00, 0x3F, UInt8(masked1.count), UInt8(masked2.count), UInt8(track3.count)] + masked1 + masked2 + track3 + encrypted
            + [UInt8](repeating: 0x11, count: 40) + serial
    }

    @Test("the frame: length, LRC and sum are checked")
    func frame() {
        let framed = SmartPINFrames.frame(original)
        guard case .message(let data, let length) = IDTechMSRMessage.frame(framed) else { return #expect(Bool(false), "no message") }
        #expect(data == original)
        #expect(length == framed.count)
        for index in framed.indices {
            var broken = framed
            broken[index] ^= 0x40
            if case .message = IDTechMSRMessage.frame(broken) { Issue.record("a frame broken at byte \(index) was taken") }
            #expect(IDTechMSRMessage.frame(framed.prefix(index)) == .needMore)
        }
    }

    @Test("original format: one block for tracks 1 and 2, key serial number at the end")
    func originalFormat() throws {
        let read = try #require(IDTechMSRMessage.read(original))
        let encrypted = try #require(read.encrypted)
        #expect(encrypted.scheme == "IDTECH-TDES")
        #expect(encrypted.keySerialNumber == serial)
        #expect(encrypted.track1.count == (masked1.count + masked2.count + 7) / 8 * 8)
        #expect(encrypted.maskedTrack2?.hasPrefix(";4266********9999=") == true)
    }

    @Test("enhanced format: each track by itself, as fields 8 and 9 say (08 = 03, 09 = BF)")
    func enhancedFormat() throws {
        let (one, two, three) = ([UInt8](repeating: 1, count: 80), [UInt8](repeating: 2, count: 40), [UInt8](repeating: 3, count: 48))
        let message = enhanced(
            lengths: [74, 35, 41], sent: 0x03, encrypted: 0xBF,
            parts: [
                [UInt8](repeating: 0x2A, count: 74), masked2.prefix(35) + [], one, two, three, [UInt8](repeating: 9, count: 60), serial,
            ])
        let encrypted = try #require(IDTechMSRMessage.read(message)?.encrypted)
        #expect(encrypted.track1 == one)
        #expect(encrypted.track2 == two)
        #expect(encrypted.track3 == three)
        #expect(encrypted.keySerialNumber == serial)
        #expect(encrypted.maskedTrack2 == String(decoding: masked2, as: UTF8.self))
    }

    @Test("enhanced format with AES pads to sixteen")
    func aes() throws {
        let message = enhanced(
            lengths: [0, 35, 0], sent: 0x12, encrypted: 0x82, parts: [masked2, [UInt8](repeating: 2, count: 48), serial])
        let encrypted = try #require(IDTechMSRMessage.read(message)?.encrypted)
        #expect(encrypted.scheme == "IDTECH-AES")
        #expect(encrypted.track2.count == 48)
    }

    @Test("a card that is not encrypted, and a track that was not decoded")
    func clear() throws {
        let track2 = Array(";4761739001010119=39122011234?".utf8)
        let message = [0x00, 0b0001_1010, 0, UInt8(track2.count), 0] + track2
        let read = try #require(IDTechMSRMessage.read(message))
        #expect(read.track2?.testText == ";4761739001010119=39122011234?")
        #expect(read.failedTracks == [1])
        #expect(read.encrypted == nil)
    }

    @Test("input reports: header of nine bytes with a framed message or clear tracks; or a framed message over several reports")
    func reports() throws {
        let framed = SmartPINFrames.frame(original)
        var whole = IDTechReports()
        let header: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0]
        #expect(whole.on(header + framed + [UInt8](repeating: 0, count: 100))?.encrypted?.keySerialNumber == serial)

        var split = IDTechReports()
        var reads: [StripeRead] = []
        for start in stride(from: 0, to: framed.count, by: 64) {
            if let read = split.on(Array(framed[start..<min(start + 64, framed.count)])) { reads.append(read) }
        }
        #expect(reads.count == 1)
        #expect(reads.first?.encrypted?.keySerialNumber == serial)

        var plain = IDTechReports()
        let track2 = Array(";4761739001010119=39122011234?".utf8)
        let report = [1, 0, 0, 0, UInt8(track2.count), 0, 0, 0, UInt8(track2.count)] + track2 + [UInt8](repeating: 0, count: 460)
        let clear = plain.on(report)
        let read = try #require(clear)
        #expect(read.track2?.testText == ";4761739001010119=39122011234?")
        #expect(read.failedTracks == [1])
    }

    @Test("random, truncated and mutated messages never trap, and leave the reader usable")
    func random() {
        var random = SeededRandom(seed: 0x0ACD)
        let framed = SmartPINFrames.frame(original)
        for _ in 0..<5_000 {
            var bytes = Bool.random(using: &random) ? framed : sample
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            _ = IDTechMSRMessage.frame(bytes)
            _ = IDTechMSRMessage.read(Array(bytes.dropFirst(3)))
            var reports = IDTechReports()
            _ = reports.on(bytes)
            _ = reports.on(bytes)
            // Whatever came, the next swipe is read.
            #expect(reports.on([0, 0, 0, 0, 0, 0, 0, 0, 0] + framed)?.encrypted != nil)
        }
    }
}
