/// What a card says when it is powered (ISO/IEC 7816-3, 8; EMV Level 1, 8).
///
/// `TS T0 [TA1 TB1 TC1 TD1 [TA2 …]] [historical bytes] [TCK]`, at most 33 bytes, in the form readers hand it up (direct convention).
public struct AnswerToReset: Sendable, Hashable {
    public enum Convention: UInt8, Sendable, Hashable {
        case direct = 0x3B
        case inverse = 0x3F
    }

    /// TAi TBi TCi TDi of one round.
    public struct InterfaceBytes: Sendable, Hashable {
        public var ta: UInt8?
        public var tb: UInt8?
        public var tc: UInt8?
        public var td: UInt8?
        public init() {}
    }

    public var convention: Convention
    /// T0: which of TA1…TD1 follow (high nibble) and how many historical bytes (low nibble).
    public var format: UInt8
    /// Index 0 holds TA1 TB1 TC1 TD1.
    public var interface: [InterfaceBytes]
    public var historicalBytes: [UInt8]
    /// TCK, there unless T=0 is the only protocol.
    public var checkCharacter: UInt8?

    /// T of every TDi in order of appearance, without repetition; T=0 when there is no TD1 (ISO/IEC 7816-3, 8.2.3). T=15 is no protocol.
    public var protocols: [UInt8] {
        var found: [UInt8] = []
        for type in interface.compactMap(\.td).map({ $0 & 0x0F }) where type != 15 && !found.contains(type) { found.append(type) }
        return found.isEmpty ? [0] : found
    }

    /// TA2 is there: the card insists on the protocol and the parameters of its interface bytes (ISO/IEC 7816-3, 6.3.1).
    public var isSpecificMode: Bool { interfaceBytes(2).ta != nil }

    /// TAi TBi TCi TDi, `number` counted from 1; empty ones when the card sent none.
    public func interfaceBytes(_ number: Int) -> InterfaceBytes {
        interface.indices.contains(number - 1) ? interface[number - 1] : InterfaceBytes()
    }

    /// TS to TCK, both included.
    public static let longest = 33

    public static func parse(_ bytes: [UInt8]) throws(SmartCardError) -> AnswerToReset {
        guard let first = bytes.first else { throw SmartCardError(.atrTruncated, "empty") }
        guard let convention = Convention(rawValue: first) else { throw SmartCardError(.atrConvention, "TS is neither 3B nor 3F") }
        guard bytes.count <= longest else { throw SmartCardError(.atrTooLong, "\(bytes.count) bytes, at most \(longest)") }
        guard bytes.count >= 2 else { throw SmartCardError(.atrTruncated, "no T0") }

        var index = 2
        func next(_ name: String) throws(SmartCardError) -> UInt8 {
            guard index < bytes.count else { throw SmartCardError(.atrTruncated, "no \(name)") }
            defer { index += 1 }
            return bytes[index]
        }
        var rounds: [InterfaceBytes] = []
        var present = bytes[1] & 0xF0
        while present != 0 {
            let number = rounds.count + 1
            var round = InterfaceBytes()
            if present & 0x10 != 0 { round.ta = try next("TA\(number)") }
            if present & 0x20 != 0 { round.tb = try next("TB\(number)") }
            if present & 0x40 != 0 { round.tc = try next("TC\(number)") }
            if present & 0x80 != 0 { round.td = try next("TD\(number)") }
            present = (round.td ?? 0) & 0xF0
            rounds.append(round)
        }
        let historicalCount = Int(bytes[1] & 0x0F)
        guard bytes.count - index >= historicalCount else {
            throw SmartCardError(.atrTruncated, "T0 says \(historicalCount) historical bytes, \(bytes.count - index) follow")
        }
        let historical = Array(bytes[index..<index + historicalCount])
        index += historicalCount

        var check: UInt8?
        if rounds.contains(where: { ($0.td ?? 0) & 0x0F != 0 }) {
            // ISO/IEC 7816-3, 8.2.5: T0 to TCK gives zero under exclusive or.
            check = try next("TCK")
            guard bytes[1..<index].reduce(0, ^) == 0 else { throw SmartCardError(.atrChecksum, "TCK does not match") }
        }
        guard index == bytes.count else { throw SmartCardError(.atrTrailingBytes, "\(bytes.count - index) bytes after the end") }
        return AnswerToReset(
            convention: convention, format: bytes[1], interface: rounds, historicalBytes: historical, checkCharacter: check)
    }
}
