/// Checks UTF-8 as it arrives (RFC 3629, 4): a fault shows at the first byte that cannot belong to any valid text, wherever the pieces are cut.
struct UTF8Validator: Sendable {
    /// Continuation bytes still owed by the character begun.
    private var owed = 0
    /// What the next continuation byte may be; narrower than 80…BF after E0, ED, F0 and F4 (overlong forms, surrogates, beyond U+10FFFF).
    private var allowed: ClosedRange<UInt8> = 0x80...0xBF

    /// Whether the text may end here.
    var isComplete: Bool { owed == 0 }

    /// `false` at the first byte that is not UTF-8.
    mutating func accept(_ bytes: some Sequence<UInt8>) -> Bool {
        bytes.withContiguousStorageIfAvailable { accept(contiguous: $0) } ?? bytes.allSatisfy { accept($0) }
    }

    private mutating func accept(contiguous bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for byte in bytes where owed > 0 || byte >= 0x80 {
            guard accept(byte) else { return false }
        }
        return true
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        guard owed == 0 else {
            guard allowed.contains(byte) else { return false }
            owed -= 1
            allowed = 0x80...0xBF
            return true
        }
        switch byte {
        case 0x00...0x7F: return true
        case 0xC2...0xDF: expect(1)
        case 0xE0: expect(2, 0xA0...0xBF)
        case 0xED: expect(2, 0x80...0x9F)
        case 0xE1...0xEF: expect(2)
        case 0xF0: expect(3, 0x90...0xBF)
        case 0xF1...0xF3: expect(3)
        case 0xF4: expect(3, 0x80...0x8F)
        default: return false
        }
        return true
    }

    private mutating func expect(_ count: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) {
        owed = count
        allowed = range
    }
}
