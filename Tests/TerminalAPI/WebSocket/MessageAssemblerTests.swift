import NIOCore
import NIOWebSocket
import Testing

@testable import TerminalAPI

@Suite("RFC 6455 above the frame codec")
struct MessageAssemblerTests {
    private static let key: WebSocketMaskingKey = [1, 2, 3, 4]

    private func frame(
        _ opcode: UInt8, _ payload: [UInt8] = [], fin: Bool = true, masked: Bool = true, rsv1: Bool = false, rsv2: Bool = false,
        rsv3: Bool = false
    ) throws -> WebSocketFrame {
        var data = ByteBuffer(bytes: payload)
        if masked { data.webSocketMask(Self.key) }
        let code = try #require(WebSocketOpcode(encodedWebSocketOpcode: opcode))
        return WebSocketFrame(fin: fin, rsv1: rsv1, rsv2: rsv2, rsv3: rsv3, opcode: code, maskKey: masked ? Self.key : nil, data: data)
    }

    private func text(_ text: String) -> MessageAssembler.Outcome { .message(ByteBuffer(string: text), isText: true) }

    @Test("fragments with a ping between them make one message")
    func fragments() throws {
        var assembler = MessageAssembler(limit: 100, binaryAllowed: false)
        #expect(assembler.accept(try frame(1, Array("Hel".utf8), fin: false)) == .none)
        #expect(assembler.accept(try frame(9, [7])) == .ping(ByteBuffer(bytes: [7])))
        #expect(assembler.accept(try frame(0, [], fin: false)) == .none)
        #expect(assembler.accept(try frame(0, Array("lo".utf8))) == text("Hello"))
        #expect(assembler.accept(try frame(1, Array("next".utf8))) == text("next"))
    }

    @Test("masks, reserved bits and opcodes, and broken fragmentation fail with 1002")
    func protocolErrors() throws {
        let frames = try [
            frame(1, masked: false), frame(1, rsv1: true), frame(9, rsv2: true), frame(8, rsv3: true), frame(0),
            frame(3), frame(7), frame(11), frame(15), frame(8, [0x03]), frame(8, [0x03, 0xED]), frame(8, [0x03, 0xEE]), frame(8, [0, 1]),
            frame(8, [0x07, 0xD0]), frame(8, [0xFF, 0xFF]),
        ]
        for frame in frames {
            var assembler = MessageAssembler(limit: 100, binaryAllowed: true)
            #expect(assembler.accept(frame) == .fail(.protocolError), "\(frame)")
        }
        var assembler = MessageAssembler(limit: 100, binaryAllowed: true)
        #expect(assembler.accept(try frame(1, fin: false)) == .none)
        #expect(assembler.accept(try frame(1)) == .fail(.protocolError))
    }

    @Test("binary fails with 1003 unless it is allowed")
    func binary() throws {
        var strict = MessageAssembler(limit: 100, binaryAllowed: false)
        #expect(strict.accept(try frame(2, [1])) == .fail(.unsupportedData))
        var open = MessageAssembler(limit: 100, binaryAllowed: true)
        #expect(open.accept(try frame(2, [0xFF])) == .message(ByteBuffer(bytes: [0xFF]), isText: false))
    }

    @Test("the limit is exact, over all fragments: 1009")
    func limit() throws {
        var assembler = MessageAssembler(limit: 4, binaryAllowed: false)
        #expect(assembler.accept(try frame(1, Array("1234".utf8))) == text("1234"))
        #expect(assembler.accept(try frame(1, Array("123".utf8), fin: false)) == .none)
        #expect(assembler.accept(try frame(0, Array("4".utf8), fin: false)) == .none)
        #expect(assembler.accept(try frame(0, Array("5".utf8), fin: false)) == .fail(.messageTooBig))
    }

    @Test("a fault in UTF-8 fails in the fragment where it is, an unfinished character at the end: 1007")
    func utf8() throws {
        var assembler = MessageAssembler(limit: 100, binaryAllowed: false)
        #expect(assembler.accept(try frame(1, [0xF4], fin: false)) == .none)
        #expect(assembler.accept(try frame(0, [0x90], fin: false)) == .fail(.invalidText))
        assembler = MessageAssembler(limit: 100, binaryAllowed: false)
        #expect(assembler.accept(try frame(1, [0xE2, 0x82])) == .fail(.invalidText))
        assembler = MessageAssembler(limit: 100, binaryAllowed: false)
        #expect(assembler.accept(try frame(1, [0xE2], fin: false)) == .none)
        #expect(assembler.accept(try frame(0, [0x82, 0xAC])) == text("€"))
    }

    @Test("a close is passed on with its code; a reason that is not UTF-8 fails with 1007")
    func close() throws {
        var assembler = MessageAssembler(limit: 100, binaryAllowed: false)
        #expect(assembler.accept(try frame(8)) == .close(nil))
        for code: UInt16 in [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999] {
            #expect(assembler.accept(try frame(8, [UInt8(code >> 8), UInt8(code & 0xFF), 0x61])) == .close(code))
        }
        #expect(assembler.accept(try frame(8, [0x03, 0xE8, 0xC0])) == .fail(.invalidText))
        #expect(assembler.accept(try frame(8, [0x03, 0xE8, 0xE2])) == .fail(.invalidText))
    }
}

@Suite("UTF-8 as it arrives")
struct UTF8ValidatorTests {
    @Test("agrees with the standard library on every text of up to three bytes that matters, however it is cut")
    func exhaustive() {
        let edges: [UInt8] = [
            0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3,
            0xF4,
            0xF5, 0xFF,
        ]
        func check(_ bytes: [UInt8]) {
            let expected = String(validating: bytes, as: UTF8.self) != nil
            var whole = UTF8Validator()
            var single = UTF8Validator()
            #expect((whole.accept(bytes) && whole.isComplete) == expected)
            #expect((bytes.allSatisfy { single.accept(CollectionOfOne($0)) } && single.isComplete) == expected)
        }
        for a in edges {
            check([a])
            for b in edges {
                check([a, b])
                for c in edges { check([a, b, c]) }
            }
        }
        for a in edges where a >= 0xF0 {
            for b in edges {
                for c in [0x7F, 0x80, 0xBF, 0xC0] as [UInt8] { for d in [0x7F, 0x80, 0xBF, 0xC0] as [UInt8] { check([a, b, c, d]) } }
            }
        }
    }
}
