/// How long to wait before the next attempt to connect: doubling from the shortest to the longest, the upper half of each step by chance, so that
/// the terminals of a shop do not all come back in the same instant.
struct Backoff: Sendable {
    private let shortest: Duration
    private let longest: Duration
    private var failures = 0
    private var random: SplitMix64

    init(shortest: Duration, longest: Duration, seed: UInt64) {
        self.shortest = shortest
        self.longest = longest
        random = SplitMix64(state: seed)
    }

    mutating func reset() { failures = 0 }

    /// Between `shortest` and `longest`.
    mutating func next() -> Duration {
        var upper = shortest * 2
        for _ in 0..<min(failures, 32) where upper < longest { upper *= 2 }
        failures += 1
        let limit = min(upper, longest)
        let chance = Double(random.next() >> 11) * 0x1p-53
        return max(shortest, limit / 2 + limit / 2 * chance)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): enough for jitter, and a value.
struct SplitMix64: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
