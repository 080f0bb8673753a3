/// The service code of tracks 1 and 2 (ISO/IEC 7813, 8.2): where and how the issuer lets the card be used. Three digits.
public struct ServiceCode: Sendable, Hashable {
    private let digits: [UInt8]

    /// Three ASCII digits; `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 3, bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        digits = bytes.map { $0 - 0x30 }
    }

    /// 2 or 6 in the first place: the card has a chip, which is to be used first where that is feasible.
    public var prefersChip: Bool { digits[0] == 2 || digits[0] == 6 }

    /// 0, 3 or 5 in the third place: a PIN is always asked for.
    public var requiresPIN: Bool { [0, 3, 5].contains(digits[2]) }

    /// 6 or 7 in the third place: a PIN is asked for where there is a pad.
    public var prefersPIN: Bool { requiresPIN || digits[2] == 6 || digits[2] == 7 }

    /// 2 in the second place: only online, with the issuer's authorization.
    public var requiresOnline: Bool { digits[1] == 2 }
}
