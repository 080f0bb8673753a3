/// Cuts a byte stream into messages. After `.malformed` the stream is lost: nothing says where the next message begins.
public struct FrameDecoder: Sendable {
    public enum Result: Sendable, Equatable {
        case needMore
        case frame([UInt8])
        case malformed(String)
    }

    private let header: LengthHeader
    @usableFromInline var buffer: [UInt8] = []
    @usableFromInline var start = 0

    public init(header: LengthHeader) { self.header = header }

    @inlinable public mutating func append(_ bytes: some Sequence<UInt8>) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next message of what was appended.
    public mutating func next() -> Result {
        guard buffer.count - start >= header.byteCount else { return .needMore }
        let body = start + header.byteCount
        guard let count = header.count(buffer[start..<body]) else { return .malformed("the length header is no number") }
        guard count > 0 else { return .malformed("a message of length zero") }
        guard count <= LengthHeader.maximumFrame else { return .malformed("a message over \(LengthHeader.maximumFrame) bytes") }
        guard buffer.count - body >= count else { return .needMore }
        start = body + count
        return .frame(Array(buffer[body..<start]))
    }
}
