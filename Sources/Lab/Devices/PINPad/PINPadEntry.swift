@_spi(ClearPIN) import Keys

/// A key of a virtual PIN pad.
public enum PINPadKey: Sendable, Hashable {
    case digit(UInt8)
    case enter, clear, cancel

    public init?(_ name: String) {
        switch name {
        case "enter": self = .enter
        case "clear": self = .clear
        case "cancel": self = .cancel
        default:
            guard name.utf8.count == 1, let digit = UInt8(name), digit < 10 else { return nil }
            self = .digit(digit)
        }
    }
}

/// One or more PINs being typed: what the keys mean, without a clock.
struct PINPadEntry: Sendable {
    enum End: Sendable {
        /// As many as were asked for, in order.
        case entered([PIN])
        case bypassed, cancelled, timedOut
        /// A new PIN and its repetition differ.
        case mismatch
    }

    let minimum: Int
    let maximum: Int
    /// The entry ends with its last digit (bEntryValidationCondition bit 0), with the key (bit 1), with the time (bit 2).
    let endsAtMaximum: Bool
    let endsWithKey: Bool
    let endsWithTime: Bool
    let bypassAllowed: Bool
    /// How many PINs are asked for; with `confirms` the last one repeats the one before.
    let prompts: Int
    let confirms: Bool
    private var done: [PIN] = []
    private var digits: [UInt8] = []

    init(
        minimum: Int, maximum: Int, endsAtMaximum: Bool = false, endsWithKey: Bool = true, endsWithTime: Bool = false,
        bypassAllowed: Bool = false, prompts: Int = 1, confirms: Bool = false
    ) {
        // ISO 9564-1, 8.1: 4 to 12 digits.
        self.minimum = min(max(minimum, 4), 12)
        self.maximum = min(max(maximum, self.minimum), 12)
        self.endsAtMaximum = endsAtMaximum
        self.endsWithKey = endsWithKey
        self.endsWithTime = endsWithTime
        self.bypassAllowed = bypassAllowed
        self.prompts = prompts
        self.confirms = confirms
    }

    /// How many digits are on the pad's display, as stars.
    var count: Int { digits.count }

    /// `nil` while more keys are needed.
    mutating func press(_ key: PINPadKey) -> End? {
        switch key {
        case .cancel: return .cancelled
        case .clear:
            digits = []
            return nil
        case .digit(let digit):
            // A pad beeps at a digit too many.
            guard digits.count < maximum else { return nil }
            digits.append(digit)
            return endsAtMaximum && digits.count == maximum ? accept() : nil
        case .enter:
            if digits.isEmpty, done.isEmpty, bypassAllowed { return .bypassed }
            guard endsWithKey, digits.count >= minimum else { return nil }
            return accept()
        }
    }

    mutating func timeIsUp() -> End {
        guard endsWithTime, digits.count >= minimum, let end = accept() else { return .timedOut }
        return end
    }

    private mutating func accept() -> End? {
        defer { digits = [] }
        guard let pin = PIN(digits.map(String.init).joined()) else { return nil }
        done.append(pin)
        guard done.count == prompts else { return nil }
        if confirms, done.count >= 2, done[done.count - 1] != done[done.count - 2] { return .mismatch }
        return .entered(done)
    }
}
