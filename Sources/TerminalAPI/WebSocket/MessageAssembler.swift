import NIOCore
import NIOWebSocket

/// What RFC 6455 asks of a server above the frame codec: masks, reserved bits and opcodes, fragmentation with control frames between, UTF-8
/// as it arrives, the size limit, and close codes. Frames go in one by one, at most one outcome comes out.
struct MessageAssembler: Sendable {
    enum Outcome: Equatable {
        /// Nothing to do yet.
        case none
        case message(ByteBuffer, isText: Bool)
        case ping(ByteBuffer)
        case pong
        /// The peer closes; its code is to be echoed, `nil` when it gave none.
        case close(UInt16?)
        /// The connection must be failed with this code (RFC 6455, 7.1.7).
        case fail(CloseCode)
    }

    /// Longest message, in bytes.
    let limit: Int
    let binaryAllowed: Bool
    /// Opcode of the message whose fragments are arriving.
    private var fragmented: WebSocketOpcode?
    /// Fragments of a message have arrived, and not its last.
    var isWithinMessage: Bool { fragmented != nil }
    private var collected = ByteBuffer()
    private var utf8 = UTF8Validator()

    init(limit: Int, binaryAllowed: Bool) {
        self.limit = limit
        self.binaryAllowed = binaryAllowed
    }

    mutating func accept(_ frame: WebSocketFrame) -> Outcome {
        // 5.2: reserved bits without a negotiated extension; 5.1: a client masks every frame.
        guard !(frame.rsv1 || frame.rsv2 || frame.rsv3), frame.maskKey != nil else { return .fail(.protocolError) }
        switch frame.opcode {
        case .ping: return .ping(frame.unmaskedData)
        case .pong: return .pong
        case .connectionClose: return close(frame.unmaskedData)
        case .text, .binary:
            // 5.4: a new message may not begin inside another.
            guard fragmented == nil else { return .fail(.protocolError) }
            guard frame.opcode == .text || binaryAllowed else { return .fail(.unsupportedData) }
            fragmented = frame.opcode
            utf8 = UTF8Validator()
            return append(frame)
        case .continuation:
            guard fragmented != nil else { return .fail(.protocolError) }
            return append(frame)
        default:
            // 5.2: opcodes 3–7 and B–F are reserved.
            return .fail(.protocolError)
        }
    }

    private mutating func append(_ frame: WebSocketFrame) -> Outcome {
        guard let opcode = fragmented else { return .fail(.protocolError) }
        guard collected.readableBytes + frame.length <= limit else { return .fail(.messageTooBig) }
        var data = frame.unmaskedData
        if opcode == .text, !utf8.accept(data.readableBytesView) { return .fail(.invalidText) }
        if collected.readableBytes == 0 { collected = data } else { collected.writeBuffer(&data) }
        guard frame.fin else { return .none }
        if opcode == .text, !utf8.isComplete { return .fail(.invalidText) }
        let message = collected
        collected = ByteBuffer()
        fragmented = nil
        return .message(message, isText: opcode == .text)
    }

    /// 5.5.1 and 7.4: no body, or a code that may be sent and a reason in UTF-8.
    private func close(_ body: ByteBuffer) -> Outcome {
        var body = body
        guard body.readableBytes > 0 else { return .close(nil) }
        guard let code = body.readInteger(as: UInt16.self), Self.mayBeReceived(code) else { return .fail(.protocolError) }
        var reason = UTF8Validator()
        guard reason.accept(body.readableBytesView), reason.isComplete else { return .fail(.invalidText) }
        return .close(code)
    }

    /// 7.4.2 and the IANA registry: 1004–1006 and 1015 never appear in a frame, the rest below 3000 is not given out.
    private static func mayBeReceived(_ code: UInt16) -> Bool {
        (1000...1003).contains(code) || (1007...1014).contains(code) || (3000...4999).contains(code)
    }
}
