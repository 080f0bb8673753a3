import Hex

/// Which fields a message has: 64 bits, bit 1 saying that 64 more follow (ISO 8583:1993, 4.2).
struct Bitmap: Equatable {
    private var primary: UInt64 = 0
    private var secondary: UInt64 = 0

    init(_ numbers: [Int]) {
        for number in numbers where (2...128).contains(number) {
            if number <= 64 { primary |= 1 << UInt64(64 - number) } else { secondary |= 1 << UInt64(128 - number) }
        }
        if secondary != 0 { primary |= 1 << 63 }
    }

    private init(primary: UInt64, secondary: UInt64) {
        self.primary = primary
        self.secondary = secondary
    }

    var hasSecondary: Bool { primary >> 63 == 1 }

    /// Fields 2…128, ascending.
    var numbers: [Int] {
        var numbers: [Int] = []
        numbers.reserveCapacity(primary.nonzeroBitCount + secondary.nonzeroBitCount)
        for number in 2...64 where primary >> UInt64(64 - number) & 1 == 1 { numbers.append(number) }
        for number in 65...128 where secondary >> UInt64(128 - number) & 1 == 1 { numbers.append(number) }
        return numbers
    }

    func append(to bytes: inout [UInt8], _ encoding: Dialect.BitmapEncoding) {
        for word in hasSecondary ? [primary, secondary] : [primary] {
            for shift in stride(from: 56, through: 0, by: -8) {
                let byte = UInt8(truncatingIfNeeded: word >> UInt64(shift))
                switch encoding {
                case .binary: bytes.append(byte)
                case .hex: bytes.append(contentsOf: CollectionOfOne(byte).hex.utf8)
                }
            }
        }
    }

    /// Reads one or two bitmaps at `offset` and moves it behind them; `nil` when they are cut short or not hexadecimal.
    static func read(_ bytes: [UInt8], at offset: inout Int, _ encoding: Dialect.BitmapEncoding) -> Bitmap? {
        guard let primary = word(bytes, at: &offset, encoding) else { return nil }
        guard primary >> 63 == 1 else { return Bitmap(primary: primary, secondary: 0) }
        guard let secondary = word(bytes, at: &offset, encoding) else { return nil }
        return Bitmap(primary: primary, secondary: secondary)
    }

    private static func word(_ bytes: [UInt8], at offset: inout Int, _ encoding: Dialect.BitmapEncoding) -> UInt64? {
        let count = encoding == .binary ? 8 : 16
        guard bytes.count - offset >= count else { return nil }
        let slice = bytes[offset..<offset + count]
        offset += count
        switch encoding {
        case .binary: return slice.reduce(0) { $0 << 8 | UInt64($1) }
        case .hex:
            guard let raw = [UInt8](hex: String(decoding: slice, as: UTF8.self)), raw.count == 8 else { return nil }
            return raw.reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
