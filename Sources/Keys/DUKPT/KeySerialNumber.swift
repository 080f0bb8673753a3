import Hex

/// The key serial number (KSN) that goes with everything enciphered under DUKPT: who the device is, and which of its keys was used. Not secret.
///
/// | scheme | bytes | device | counter |
/// |---|---|---|---|
/// | TDES (ANSI X9.24-1:2009, A.1) | 10 | the upper 59 bits | the lower 21 bits |
/// | AES (ANSI X9.24-3:2017, 6.2) | 12 | 8 bytes, the initial key id | 4 bytes |
public struct KeySerialNumber: Sendable, Hashable, CustomStringConvertible {
    public enum Scheme: String, Sendable, Hashable, CaseIterable {
        case tripleDES = "TDES"
        case aes = "AES"

        /// Bytes of the KSN.
        public var length: Int { self == .tripleDES ? 10 : 12 }
        /// Bits of the counter, which is also how many future keys a device holds.
        var counterBits: Int { self == .tripleDES ? 21 : 32 }
        /// Counters with more ones are skipped, so that a host derives a key in few steps.
        var maximumOnes: Int { self == .tripleDES ? 10 : 16 }
        /// The largest counter that this rule leaves.
        var largestCounter: UInt32 { self == .tripleDES ? 0x1FF800 : 0xFFFF_0000 }
    }

    public let scheme: Scheme
    public let bytes: [UInt8]

    /// 10 bytes TDES, 12 bytes AES. Shorter TDES numbers are written with FF before them; give them that way.
    public init(_ bytes: some Collection<UInt8>) throws(KeysError) {
        guard let scheme = Scheme.allCases.first(where: { $0.length == bytes.count }) else {
            throw KeysError(.keySerialNumber, "A KSN has 10 bytes (TDES) or 12 (AES), not \(bytes.count).")
        }
        self.scheme = scheme
        self.bytes = Array(bytes)
    }

    /// How many keys the device has used, with the skipped ones.
    public var counter: UInt32 {
        let last = bytes.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return scheme == .tripleDES ? last & 0x1F_FFFF : last
    }

    /// The same device with another counter, of which only the lower 21 bits count for TDES.
    public func with(counter: UInt32) -> KeySerialNumber {
        let mask: UInt32 = scheme == .tripleDES ? 0x1F_FFFF : 0xFFFF_FFFF
        let last = (bytes.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & ~mask) | (counter & mask)
        return KeySerialNumber(scheme, bytes.dropLast(4) + (0..<4).map { UInt8(truncatingIfNeeded: last >> (24 - 8 * $0)) })
    }

    /// The counter of the key after this one, `nil` when there is none.
    var next: UInt32? {
        let counter = counter
        guard counter < scheme.largestCounter else { return nil }
        // With the full count of ones, adding the lowest of them leads to the next counter that has not more (A.2, "New Key-3").
        return counter.nonzeroBitCount < scheme.maximumOnes ? counter + 1 : counter + (1 << UInt32(counter.trailingZeroBitCount))
    }

    /// How many keys the device has left after this one: a person who sees it get small has the device loaded anew.
    public var keysLeft: Int {
        // All counters of `counterBits` bits with at most `maximumOnes` ones, less those up to this one.
        var below = 0
        var ones = 0
        for bit in stride(from: scheme.counterBits - 1, through: 0, by: -1) where counter >> UInt32(bit) & 1 == 1 {
            below += Self.combinations(of: bit, upTo: scheme.maximumOnes - ones)
            ones += 1
        }
        return max(0, Self.combinations(of: scheme.counterBits, upTo: scheme.maximumOnes) - below - 1)
    }

    public var description: String { bytes.hex }

    private init(_ scheme: Scheme, _ bytes: [UInt8]) {
        self.scheme = scheme
        self.bytes = bytes
    }

    /// Numbers of `bits` bits with at most `ones` ones.
    private static func combinations(of bits: Int, upTo ones: Int) -> Int {
        guard ones >= 0 else { return 0 }
        var term = 1
        var sum = 1
        for count in stride(from: 1, through: min(ones, bits), by: 1) {
            term = term * (bits - count + 1) / count
            sum += term
        }
        return sum
    }

    /// A key has the number that a device can reach: not zero, and few enough ones.
    func requireReachable(_ expected: Scheme) throws(KeysError) {
        guard scheme == expected else {
            throw KeysError(.keySerialNumber, "A KSN of \(bytes.count) bytes is not one of \(expected.rawValue) DUKPT.")
        }
        guard counter != 0, counter.nonzeroBitCount <= scheme.maximumOnes, counter <= scheme.largestCounter else {
            throw KeysError(.keySerialNumber, "The KSN has the counter \(counter), which no device reaches.")
        }
    }
}
