/// Which fields a message has: 64 bits, bit 1 saying that 64 more follow (ISO 8583:1993, 4.2). A sequence of their numbers, 2…128, ascending.
struct Bitmap: Equatable, Sequence {
    private var primary: UInt64 = 0
    private var secondary: UInt64 = 0

    init() {}

    init(_ numbers: [Int]) {
        for number in numbers { insert(number) }
    }

    var hasSecondary: Bool { primary & Self.continues != 0 }
    private static let continues: UInt64 = 1 << 63

    /// How many.
    var count: Int { (primary & ~Self.continues).nonzeroBitCount + secondary.nonzeroBitCount }

    /// Numbers outside 2…128 are ignored.
    mutating func insert(_ number: Int) {
        guard (2...128).contains(number) else { return }
        if number <= 64 {
            primary |= Self.bit(number)
        } else {
            secondary |= Self.bit(number)
            primary |= Self.continues
        }
    }

    mutating func remove(_ number: Int) {
        guard (2...128).contains(number) else { return }
        if number <= 64 { primary &= ~Self.bit(number) } else { secondary &= ~Self.bit(number) }
        if secondary == 0 { primary &= ~Self.continues }
    }

    func contains(_ number: Int) -> Bool {
        guard (2...128).contains(number) else { return false }
        return (number <= 64 ? primary : secondary) & Self.bit(number) != 0
    }

    /// How many there are before `number`, 2…128.
    func rank(_ number: Int) -> Int {
        // Shifts beyond the word give zero.
        guard number > 64 else { return ((primary & ~Self.continues) >> UInt64(65 - number)).nonzeroBitCount }
        return (primary & ~Self.continues).nonzeroBitCount + (secondary >> UInt64(129 - number)).nonzeroBitCount
    }

    private static func bit(_ number: Int) -> UInt64 { 1 << UInt64((128 - number) & 63) }

    struct Iterator: IteratorProtocol {
        fileprivate var primary: UInt64
        fileprivate var secondary: UInt64

        mutating func next() -> Int? {
            if primary != 0 {
                let index = primary.leadingZeroBitCount
                primary &= ~(Bitmap.continues >> UInt64(index))
                return index + 1
            }
            guard secondary != 0 else { return nil }
            let index = secondary.leadingZeroBitCount
            secondary &= ~(Bitmap.continues >> UInt64(index))
            return index + 65
        }
    }

    func makeIterator() -> Iterator { Iterator(primary: primary & ~Self.continues, secondary: secondary) }

    func append(to output: inout ByteOutput, _ encoding: Dialect.BitmapEncoding) {
        Self.append(primary, to: &output, encoding)
        if hasSecondary { Self.append(secondary, to: &output, encoding) }
    }

    private static func append(_ word: UInt64, to output: inout ByteOutput, _ encoding: Dialect.BitmapEncoding) {
        switch encoding {
        case .binary:
            for shift in stride(from: UInt64(56), through: 0, by: -8) { output.append(UInt8(truncatingIfNeeded: word >> shift)) }
        case .hex:
            for shift in stride(from: UInt64(60), through: 0, by: -4) {
                let nibble = UInt8(truncatingIfNeeded: word >> shift) & 0xF
                output.append(nibble < 10 ? 0x30 + nibble : 0x37 + nibble)
            }
        }
    }

    /// Reads one or two bitmaps at `offset` and moves it behind them; `nil` when they are cut short or not hexadecimal.
    static func read(_ bytes: UnsafeRawBufferPointer, at offset: inout Int, _ encoding: Dialect.BitmapEncoding) -> Bitmap? {
        var bitmap = Bitmap()
        guard let primary = word(bytes, at: &offset, encoding) else { return nil }
        bitmap.primary = primary
        guard bitmap.hasSecondary else { return bitmap }
        guard let secondary = word(bytes, at: &offset, encoding) else { return nil }
        bitmap.secondary = secondary
        return bitmap
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, at offset: inout Int, _ encoding: Dialect.BitmapEncoding) -> UInt64? {
        let count = encoding == .binary ? 8 : 16
        guard bytes.count - offset >= count else { return nil }
        defer { offset += count }
        guard encoding == .hex else { return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
        var word: UInt64 = 0
        for byte in bytes[offset..<offset + count] {
            switch byte {
            case 0x30...0x39: word = word << 4 | UInt64(byte - 0x30)
            case 0x41...0x46: word = word << 4 | UInt64(byte - 0x37)
            case 0x61...0x66: word = word << 4 | UInt64(byte - 0x57)
            default: return nil
            }
        }
        return word
    }
}
