import Seeds
import Hex
import Testing

@testable import ISO8583

@Suite("Messages cut out of a stream")
struct FrameDecoderTests {
    static let headers: [LengthHeader] = [
        LengthHeader(), LengthHeader(isInclusive: true), LengthHeader(byteCount: 4), LengthHeader(byteCount: 4, encoding: .ascii),
        LengthHeader(byteCount: 4, encoding: .ebcdic), LengthHeader(byteCount: 2, encoding: .bcd),
        LengthHeader(byteCount: 4, encoding: .ascii, isInclusive: true),
    ]

    @Test(
        "headers are these bytes",
        arguments: [
            (0, "012C"), (1, "012E"), (2, "0000012C"), (3, "30333030"), (4, "F0F3F0F0"), (5, "0300"), (6, "30333034"),
        ])
    func bytes(_ index: Int, _ hex: String) throws { #expect(try Self.headers[index].bytes(for: 300).hex == hex) }

    @Test("messages come out whole, however the stream is cut", arguments: headers)
    func cut(_ header: LengthHeader) throws {
        var random = SeededRandom(seed: 11)
        for _ in 0..<100 {
            let messages = (0..<5).map { _ in random.bytes(Int.random(in: 1...600, using: &random)) }
            var stream = try messages.flatMap { try header.bytes(for: $0.count) + $0 }[...]
            var decoder = FrameDecoder(header: header)
            var frames: [[UInt8]] = []
            while !stream.isEmpty {
                let piece = stream.prefix(Int.random(in: 1...200, using: &random))
                stream = stream.dropFirst(piece.count)
                decoder.append(piece)
                while case .frame(let frame) = decoder.next() { frames.append(frame) }
            }
            #expect(frames == messages)
            #expect(decoder.next() == .needMore)
        }
    }

    @Test(
        "length zero, over 8 KiB and no number are malformed",
        arguments: [
            (0, "0000"), (0, "2001"), (0, "FFFF"), (1, "0002"), (1, "0001"), (1, "0000"), (2, "FFFFFFFF"), (3, "30303041"), (3, "39393939"),
            (4, "30303030"), (5, "0A00"), (6, "30303034"),
        ])
    func malformed(_ index: Int, _ hex: String) throws {
        var decoder = FrameDecoder(header: Self.headers[index])
        decoder.append(try #require([UInt8](hex: hex)))
        guard case .malformed = decoder.next() else { return #expect(Bool(false), "\(hex) was taken") }
    }

    @Test("8 KiB are the most")
    func largest() throws {
        var decoder = FrameDecoder(header: LengthHeader())
        decoder.append(try LengthHeader().bytes(for: 8192) + [UInt8](repeating: 7, count: 8192))
        #expect(decoder.next() == .frame([UInt8](repeating: 7, count: 8192)))
        #expect(throws: ISO8583Error.self) { try LengthHeader().bytes(for: 8193) }
        #expect(throws: ISO8583Error.self) { try LengthHeader().bytes(for: 0) }
        #expect(throws: ISO8583Error.self) { try LengthHeader(byteCount: 1).bytes(for: 256) }
    }

    @Test("random streams do not trap", arguments: headers)
    func random(_ header: LengthHeader) {
        var random = SeededRandom(seed: 12)
        for _ in 0..<2000 {
            var decoder = FrameDecoder(header: header)
            decoder.append(random.bytes(Int.random(in: 0...40, using: &random)))
            while case .frame = decoder.next() {}
        }
    }
}
