import Hex
import ISO8583
import Keys
import Testing

@testable import Lab

@Suite("Cards that a MagneSafe device encrypted, at the host")
struct MagneSafeTracksTests {
    /// The sample of MagTek D99875475, appendices C and D: key serial number and encrypted track 2, with what they open to.
    private static let serial = "FFFF9876543210E00008"
    private static let ciphertext = "724C5DB7D6F901C7F0FEAE7908801093B3DBFE51CCF6D483E789D7D2C007D539499BAADCC8D16CA2"
    private static let track = ";5452300551227189=080432100000007250?"

    private func message(_ ciphertext: [UInt8], scheme: String = "MAGNESAFE-TDES") throws -> Message {
        var elements = PrivateElements()
        elements["05"] = "\(scheme) \(Self.serial)"
        elements["06"] = Base64.text(ciphertext)
        var message = Message(mti: "1200")
        message.set(48, try elements.text())
        return message
    }

    @Test("the manual's sample opens, and the books have its first six and last four digits")
    func sample() throws {
        let ciphertext = try #require([UInt8](hex: Self.ciphertext))
        let opened = try MagneSafeTracks.decipher(ciphertext, serial: [UInt8](hex: Self.serial) ?? [])
        #expect(opened == SecretBytes(Self.track.utf8))
        let card = MaskedCard(try message(ciphertext))
        #expect(card.pan == PAN("5452300551227189") && card.masked == "545230******7189")
        #expect(MagneSafeTracks.card(in: try message(ciphertext, scheme: "IDTECH-TDES")) == nil)
        #expect(MagneSafeTracks.card(in: Message(mti: "1200")) == nil)
    }

    @Test("a device's tracks open at the host, all of one card under one key, the next card's under the next")
    func device() throws {
        let encipher = try MagneSafeTracks.device(serial: [0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x13, 0x00, 0x00, 0x00])
        let texts = ["%M4761739001010119^MANUAL ENTRY/^391200000000000000001?", ";4761739001010119=3912000000000001?"]
        let tracks = texts.map { SecretBytes($0.utf8) }
        var serials: Set<[UInt8]> = []
        for _ in 0..<3 {
            let made = try #require(encipher(tracks + [nil]))
            serials.insert(made.keySerialNumber)
            #expect(made.ciphertexts[2].isEmpty)
            for (track, ciphertext) in zip(tracks, made.ciphertexts) {
                #expect(ciphertext.count % 8 == 0)
                #expect(try MagneSafeTracks.decipher(ciphertext, serial: made.keySerialNumber) == track)
            }
        }
        #expect(serials.count == 3)
    }

    @Test(
        "what another key encrypted, or no device, is unreadable and never a trap", arguments: [[], [9], [UInt8](repeating: 9, count: 40)])
    func unreadable(ciphertext: [UInt8]) throws {
        guard case .unreadable? = MagneSafeTracks.card(in: try message(ciphertext)) else { return #expect(Bool(false), "read") }
        #expect(MaskedCard(try message(ciphertext)).pan == nil)
    }
}
