/// One command TPDU of T=0 character by character, for readers that leave procedure bytes to the host (EMV Level 1, 9.2.3.1).
///
/// | procedure byte | what follows |
/// |---|---|
/// | INS | all data that is left |
/// | INS complemented | one byte of data |
/// | 60 | the card needs more time |
/// | 61, 6x, 9x | SW1, then SW2 |
public struct T0Protocol: Sendable, Hashable {
    public enum Action: Sendable, Hashable {
        /// Send `bytes` (there may be none) and give `on` the `count` bytes that the card then sends.
        case exchange([UInt8], count: Int)
        /// The response TPDU: data and status word.
        case finished([UInt8])
        case failed(SmartCardError)
    }

    /// A card may ask for more time; minutes at the longest work waiting time.
    static let maximumNulls = 600

    private let instruction: UInt8
    /// Command data that is not sent yet, or how many bytes are still to come.
    private var outgoing: ArraySlice<UInt8>
    private var incomingCount: Int
    private var incoming: [UInt8] = []
    private let header: [UInt8]
    private var stage = Stage.idle
    private var nulls = 0

    private enum Stage: Sendable, Hashable {
        case idle, procedure, over
        case data(Int)
        case secondStatus(UInt8)
    }

    /// - Parameter tpdu: five bytes of header, and P3 bytes of data or none.
    public init(tpdu: [UInt8]) throws(SmartCardError) {
        guard tpdu.count >= 5 else { throw SmartCardError(.commandTruncated, "\(tpdu.count) bytes, a command TPDU has 5 or more") }
        guard tpdu.count == 5 || tpdu.count == 5 + Int(tpdu[4]) else {
            throw SmartCardError(.commandLength, "P3 says \(tpdu[4]) bytes, \(tpdu.count - 5) follow")
        }
        // ISO/IEC 7816-3, 10.3.2: 6x and 9x would look like status words.
        guard tpdu[1] & 0xF0 != 0x60, tpdu[1] & 0xF0 != 0x90 else {
            throw SmartCardError(.commandLength, "T=0 has no instruction 6x or 9x")
        }
        instruction = tpdu[1]
        header = Array(tpdu.prefix(5))
        outgoing = tpdu.dropFirst(5)
        incomingCount = tpdu.count > 5 ? 0 : (tpdu[4] == 0 ? 256 : Int(tpdu[4]))
    }

    public mutating func start() -> Action {
        stage = .procedure
        return .exchange(header, count: 1)
    }

    public mutating func on(_ bytes: [UInt8]) -> Action {
        switch stage {
        case .procedure:
            guard bytes.count == 1, let byte = bytes.first else { return fail("\(bytes.count) bytes came instead of a procedure byte") }
            return procedure(byte)
        case .data(let count):
            guard bytes.count == count else { return fail("\(bytes.count) bytes came instead of \(count)") }
            incoming += bytes
            incomingCount -= count
            return await1()
        case .secondStatus(let first):
            guard bytes.count == 1 else { return fail("\(bytes.count) bytes came instead of SW2") }
            stage = .over
            return .finished(incoming + [first] + bytes)
        case .idle, .over: return fail("no byte is expected")
        }
    }

    private mutating func procedure(_ byte: UInt8) -> Action {
        if byte == 0x60 {
            nulls += 1
            guard nulls <= Self.maximumNulls else { return fail("the card asked for more time \(nulls) times") }
            return await1()
        }
        if byte & 0xF0 == 0x60 || byte & 0xF0 == 0x90 {
            stage = .secondStatus(byte)
            return .exchange([], count: 1)
        }
        let count: Int
        switch byte {
        case instruction: count = max(outgoing.count, incomingCount)
        case ~instruction: count = 1
        default: return fail("the procedure byte belongs to another command")
        }
        if !outgoing.isEmpty {
            let part = Array(outgoing.prefix(count))
            outgoing = outgoing.dropFirst(part.count)
            stage = .procedure
            return .exchange(part, count: 1)
        }
        guard incomingCount > 0 else { return fail("the card asks for data after the last") }
        stage = .data(min(count, incomingCount))
        return .exchange([], count: min(count, incomingCount))
    }

    private mutating func await1() -> Action {
        stage = .procedure
        return .exchange([], count: 1)
    }

    private mutating func fail(_ what: String) -> Action {
        stage = .over
        return .failed(SmartCardError(.characterProtocol, what))
    }
}
