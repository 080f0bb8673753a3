/// A block of the block protocol T=1 (ISO/IEC 7816-3, 11.3; EMV Level 1, 9.2.4.1): `NAD PCB LEN | INF (0…254) | EDC`.
public struct T1Block: Sendable, Hashable {
    /// What stands at the end of every block.
    public enum Checksum: Sendable, Hashable {
        /// One byte, exclusive or of all others. EMV has only this one.
        case lrc
        /// Two bytes, CRC-16 of ISO/IEC 13239, the low byte last.
        case crc

        public var length: Int { self == .lrc ? 1 : 2 }

        func code(of bytes: ArraySlice<UInt8>) -> [UInt8] {
            switch self {
            case .lrc: return [bytes.reduce(0, ^)]
            case .crc:
                // x^16 + x^12 + x^5 + 1, reflected, starting and ending with ones.
                var register: UInt16 = 0xFFFF
                for byte in bytes {
                    register ^= UInt16(byte)
                    for _ in 0..<8 { register = register & 1 == 1 ? register >> 1 ^ 0x8408 : register >> 1 }
                }
                register ^= 0xFFFF
                return [UInt8(register >> 8), UInt8(truncatingIfNeeded: register)]
            }
        }
    }

    public enum Content: Sendable, Hashable {
        /// Data; `number` is N(S), `more` the chaining bit.
        case information(number: UInt8, more: Bool, [UInt8])
        /// `expected` is N(R), the number of the next information block.
        case ready(expected: UInt8, Fault)
        case supervisory(Supervisory, isResponse: Bool, [UInt8])
    }

    /// Bits 4 to 1 of an R-block (ISO/IEC 7816-3, 11.3.2.2).
    public enum Fault: UInt8, Sendable, Hashable, CaseIterable {
        case none = 0
        /// Parity or EDC.
        case checksum = 1
        case other = 2
    }

    /// Bits 6 to 1 of an S-block without the response bit.
    public enum Supervisory: UInt8, Sendable, Hashable, CaseIterable {
        case resynchronise = 0
        /// INF: one byte, the new size.
        case informationFieldSize = 1
        case abort = 2
        /// INF: one byte, the multiplier of the block waiting time.
        case waitingTime = 3
    }

    /// The largest INF.
    public static let largestField = 254

    public var content: Content

    public init(_ content: Content) { self.content = content }

    public func bytes(_ checksum: Checksum) -> [UInt8] {
        let (control, field): (UInt8, [UInt8]) =
            switch content {
            case .information(let number, let more, let data): ((number & 1) << 6 | (more ? 0x20 : 0), data)
            case .ready(let expected, let fault): (0x80 | (expected & 1) << 4 | fault.rawValue, [])
            case .supervisory(let kind, let isResponse, let data): (0xC0 | (isResponse ? 0x20 : 0) | kind.rawValue, data)
            }
        let body = [0x00, control, UInt8(truncatingIfNeeded: field.count)] + field
        return body + checksum.code(of: body[...])
    }

    public enum Parsed: Sendable, Hashable {
        case block(T1Block)
        /// Not a block that may be answered with anything but an R-block naming this fault.
        case invalid(Fault)
    }

    public static func parse(_ bytes: [UInt8], _ checksum: Checksum) -> Parsed {
        guard bytes.count >= 3 + checksum.length else { return .invalid(.other) }
        let length = Int(bytes[2])
        // A wrong checksum may have hit LEN, so it is what counts first when both are wrong.
        guard checksum.code(of: bytes[..<(bytes.count - checksum.length)]) == Array(bytes.suffix(checksum.length)) else {
            return .invalid(.checksum)
        }
        guard length <= largestField, bytes.count == 3 + length + checksum.length else { return .invalid(.other) }
        // EMV Level 1, 9.2.4.1.1: node addressing is not used.
        guard bytes[0] == 0 else { return .invalid(.other) }
        let field = Array(bytes[3..<3 + length])
        let control = bytes[1]
        switch control & 0xC0 {
        case 0x00, 0x40:
            guard control & 0x1F == 0 else { return .invalid(.other) }
            return .block(T1Block(.information(number: control >> 6 & 1, more: control & 0x20 != 0, field)))
        case 0x80:
            guard control & 0x20 == 0, field.isEmpty, let fault = Fault(rawValue: control & 0x0F) else { return .invalid(.other) }
            return .block(T1Block(.ready(expected: control >> 4 & 1, fault)))
        default:
            guard let kind = Supervisory(rawValue: control & 0x1F) else { return .invalid(.other) }
            let hasField = kind == .informationFieldSize || kind == .waitingTime
            guard field.count == (hasField ? 1 : 0) else { return .invalid(.other) }
            return .block(T1Block(.supervisory(kind, isResponse: control & 0x20 != 0, field)))
        }
    }
}
