import NIOCore
import NIOWebSocket
import Testing

@testable import TerminalAPI

@Suite("Frames that the server sends (RFC 6455, 5.2)")
struct OutgoingFrameTests {
    @Test(
        "The length takes one, three or nine bytes, the shortest that holds it, and the mask bit is off",
        arguments: [
            (0, [0x81, 0]), (1, [0x81, 1]), (125, [0x81, 125]), (126, [0x81, 126, 0, 126]), (0xFFFF, [0x81, 126, 0xFF, 0xFF]),
            (0x1_0000, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] as [(Int, [UInt8])])
    func header(length: Int, expected: [UInt8]) {
        let body = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        #expect(Array(OutgoingFrame(.text, body).bytes.readableBytesView) == expected + body)
    }

    @Test(
        "Opcodes of section 5.2, always the last frame of a message",
        arguments: [(.text, 0x81), (.binary, 0x82), (.connectionClose, 0x88), (.ping, 0x89), (.pong, 0x8A)] as [(WebSocketOpcode, UInt8)])
    func opcode(_ opcode: WebSocketOpcode, first: UInt8) {
        #expect(OutgoingFrame(opcode, []).bytes.getInteger(at: 0, as: UInt8.self) == first)
    }
}
