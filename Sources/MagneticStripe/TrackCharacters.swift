/// The two character sets of the stripe (ISO/IEC 7811-2 and 7811-6): what a reader gives as ASCII, and the values that the redundancy check is
/// made of. Track 1 has six data bits, space is 0; tracks 2 and 3 have four, `0` is 0.
enum TrackCharacters: Sendable {
    case alphanumeric
    case numeric

    /// The value of an ASCII character on the track, without parity; `nil` for one that the track cannot hold.
    func value(_ character: UInt8) -> UInt8? {
        switch self {
        case .alphanumeric: (0x20...0x5F).contains(character) ? character - 0x20 : nil
        case .numeric: (0x30...0x3F).contains(character) ? character - 0x30 : nil
        }
    }

    func character(_ value: UInt8) -> UInt8 {
        switch self {
        case .alphanumeric: value & 0x3F &+ 0x20
        case .numeric: value & 0x0F &+ 0x30
        }
    }

    /// `%`, or `;`. Track 3 of some readers begins with `+` or `#` instead.
    var startSentinels: [UInt8] { self == .alphanumeric ? [0x25] : [0x3B] }

    /// `?` on all tracks.
    static let endSentinel: UInt8 = 0x3F

    /// `^`, or `=`.
    var separator: UInt8 { self == .alphanumeric ? 0x5E : 0x3D }

    /// The longitudinal redundancy check character over everything from the start to the end sentinel: even parity in each bit column
    /// (ISO/IEC 7811-2, 9.2.3). `nil` when a character is not of the set.
    func redundancyCheck(over characters: some Sequence<UInt8>) -> UInt8? {
        var check: UInt8 = 0
        for character in characters {
            guard let value = value(character) else { return nil }
            check ^= value
        }
        return self.character(check)
    }
}
