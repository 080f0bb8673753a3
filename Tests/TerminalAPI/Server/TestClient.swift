import JSON
import NIOCore
import NIOPosix
import NIOSSL
import Testing

/// A POS on a raw socket: it writes exactly the bytes a test wants, and shows every frame that comes.
final class TestClient {
    enum Frame: Equatable {
        case text(String)
        case ping
        case pong([UInt8])
        case close(UInt16?, String)
        /// The connection ended.
        case end
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let channel: any Channel
    private var incoming: AsyncStream<ByteBuffer>.Iterator
    private var buffer = ByteBuffer()
    /// Pings that arrive while the client reads are answered, as WebSocket libraries do.
    var answersPings = true

    private init(channel: any Channel, incoming: AsyncStream<ByteBuffer>) {
        self.channel = channel
        self.incoming = incoming.makeAsyncIterator()
    }

    /// A TCP connection, or TLS on top of it, without a byte of HTTP yet.
    static func open(port: Int?, tls: NIOSSLContext? = nil, receiveBuffer: Int? = nil) async throws -> TestClient {
        guard let port else { throw Failure(description: "the server has not opened that port") }
        let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let receiveBuffer { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: receiveBuffer) }
        let channel = try await bootstrap.channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                if let tls {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: "localhost"))
                }
                try channel.pipeline.syncOperations.addHandler(Collector(continuation))
            }
        }.connect(host: "127.0.0.1", port: port).get()
        return TestClient(channel: channel, incoming: stream)
    }

    /// Opens and upgrades.
    static func connect(
        port: Int?, tls: NIOSSLContext? = nil, headers: [String] = [], receiveBuffer: Int? = nil
    ) async throws -> TestClient {
        let client = try await open(port: port, tls: tls, receiveBuffer: receiveBuffer)
        let head = try await client.get("/", headers: upgrade + headers)
        guard head.hasPrefix("HTTP/1.1 101") else { throw Failure(description: "not upgraded: \(head)") }
        // RFC 6455, 1.3: the answer to the key of its example.
        guard head.lowercased().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=") else {
            throw Failure(description: "wrong Sec-WebSocket-Accept: \(head)")
        }
        guard !head.lowercased().contains("sec-websocket-extensions") else { throw Failure(description: "an extension was accepted") }
        return client
    }

    static let upgrade = [
        "Host: localhost", "Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Extensions: permessage-deflate",
    ]

    // MARK: HTTP

    /// Sends a request and returns the head of the answer.
    func get(_ path: String, headers: [String], method: String = "GET") async throws -> String {
        try await write(Array(([("\(method) \(path) HTTP/1.1")] + headers + ["", ""]).joined(separator: "\r\n").utf8))
        var head = ""
        while !head.hasSuffix("\r\n\r\n") {
            guard let byte = try await bytes(1)?.first else {
                throw Failure(description: "the connection ended after \(head.debugDescription)")
            }
            head.unicodeScalars.append(Unicode.Scalar(byte))
        }
        return head
    }

    /// Everything up to the end of the connection.
    func rest() async -> String {
        while await more() {}
        return String(buffer: buffer)
    }

    // MARK: Frames

    func send(_ text: String) async throws { try await send(opcode: 1, Array(text.utf8)) }

    func send(_ fields: JSONValue) async throws { try await send(fields.text) }

    func send(opcode: UInt8, _ payload: [UInt8], fin: Bool = true, masked: Bool = true) async throws {
        try await write(Self.frame(opcode: opcode, payload, fin: fin, masked: masked))
    }

    static func frame(opcode: UInt8, _ payload: [UInt8], fin: Bool = true, masked: Bool = true) -> [UInt8] {
        var frame: [UInt8] = [(fin ? 0x80 : 0) | opcode]
        let mask: UInt8 = masked ? 0x80 : 0
        switch payload.count {
        case 0...125: frame.append(mask | UInt8(payload.count))
        case 126...65_535: frame += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default: frame += [mask | 127] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        }
        let key: [UInt8] = masked ? [0x37, 0xFA, 0x21, 0x3D] : [0, 0, 0, 0]
        if masked { frame += key }
        return frame + payload.enumerated().map { $1 ^ key[$0 % 4] }
    }

    func write(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get() }

    /// Writes without waiting, and without minding that the server may have closed.
    func writeNoMatter(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    /// Starts or stops taking bytes from the network.
    func reading(_ on: Bool) async throws { try await channel.setOption(.autoRead, value: on).get() }

    /// Cuts the connection without a close frame.
    func cut() async { try? await channel.close() }

    /// The next frame; pings are answered and passed over when `answersPings`.
    func next() async throws -> Frame {
        while true {
            guard let head = try await bytes(2) else { return .end }
            guard head[1] & 0x80 == 0 else { throw Failure(description: "the server masked a frame") }
            var length = Int(head[1])
            if length == 126 || length == 127 {
                guard let extended = try await bytes(length == 126 ? 2 : 8) else { return .end }
                length = extended.reduce(0) { $0 << 8 | Int($1) }
            }
            guard let payload = try await bytes(length) else { return .end }
            switch head[0] {
            case 0x81: return .text(String(decoding: payload, as: UTF8.self))
            case 0x89:
                guard answersPings else { return .ping }
                try await send(opcode: 10, payload)
            case 0x8A: return .pong(payload)
            case 0x88:
                return .close(
                    payload.count < 2 ? nil : UInt16(payload[0]) << 8 | UInt16(payload[1]),
                    String(decoding: payload.dropFirst(2), as: UTF8.self))
            default: throw Failure(description: "unexpected frame \(head)")
            }
        }
    }

    /// The next message as JSON.
    func message() async throws -> JSONValue {
        let frame = try await next()
        guard case .text(let text) = frame else { throw Failure(description: "expected a message, got \(frame)") }
        return try JSONValue(parsing: text)
    }

    /// Sends and returns the answer.
    func ask(_ fields: JSONValue) async throws -> JSONValue {
        try await send(fields)
        return try await message()
    }

    private func bytes(_ count: Int) async throws -> [UInt8]? {
        while buffer.readableBytes < count {
            guard await more() else { return nil }
        }
        return buffer.readBytes(length: count)
    }

    private func more() async -> Bool {
        guard var chunk = await incoming.next() else { return false }
        buffer.writeBuffer(&chunk)
        return true
    }
}

private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let continuation: AsyncStream<ByteBuffer>.Continuation

    init(_ continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(Self.unwrapInboundIn(data)) }
    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
