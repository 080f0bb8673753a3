import NIOCore
import NIOWebSocket

/// A frame of the server as it goes on the wire: whole, never masked (RFC 6455, 5.1 and 5.2). Header and body stand in one buffer, so that one system
/// call sends them, and an answer that was made once can be sent again as it is.
struct OutgoingFrame {
    let bytes: ByteBuffer

    init(_ opcode: WebSocketOpcode, _ body: some Collection<UInt8>) {
        let length = body.count
        var bytes = ByteBufferAllocator().buffer(capacity: Self.headerLimit + length)
        bytes.writeInteger(0x80 | UInt8(webSocketOpcode: opcode))
        switch length {
        case ...125: bytes.writeInteger(UInt8(length))
        case ...0xFFFF: bytes.writeMultipleIntegers(UInt8(126), UInt16(length))
        default: bytes.writeMultipleIntegers(UInt8(127), UInt64(length))
        }
        bytes.writeBytes(body)
        self.bytes = bytes
    }

    private static let headerLimit = 10
}
