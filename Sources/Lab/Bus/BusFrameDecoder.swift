/// Cuts a stream of bytes into frames.
struct BusFrameDecoder {
    enum Step {
        case needMore
        case frame(BusFrame)
        /// Nothing that follows can be understood.
        case malformed(String)
    }

    private var buffer: [UInt8] = []
    private var start = 0

    mutating func append(_ bytes: some Collection<UInt8>) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer += bytes
    }

    mutating func next() -> Step {
        guard buffer.count - start >= 4 else { return .needMore }
        let length = (0..<4).reduce(0) { $0 | Int(buffer[start + $1]) << (8 * $1) }
        guard (1...BusFrame.longest).contains(length) else { return .malformed("frame of \(length) bytes") }
        guard buffer.count - start - 4 >= length else { return .needMore }
        let body = buffer[(start + 4)..<(start + 4 + length)]
        start += 4 + length
        do {
            return .frame(try BusFrame(parsing: body))
        } catch {
            return .malformed(error.reason)
        }
    }
}
