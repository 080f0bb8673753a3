/// Makes the `account` of the POS protocol (section 4): something to print and to match by, that is not the card number.
public struct AccountMask: Sendable {
    private let key: SecretBytes

    init(key: SecretBytes) { self.key = key }

    /// As many digits as the PAN has, the first six and last four true, the middle altered so that the whole fails the Luhn check and is not the
    /// PAN. One card gives one result within a batch. The middle is a keyed hash, so without the key it tells nothing about the true digits.
    ///
    /// PANs under 13 digits show fewer true digits in front, so that at least four are always altered.
    public func formatPreserving(_ pan: PAN, batchNumber: Int) -> String {
        let front = shownInFront(pan)
        let hidden = pan.count - front.utf8.count - 4
        var message = pan.withDigits { Array("\(batchNumber)|\($0)".utf8) }
        defer { message.withUnsafeMutableBytes { wipe($0) } }
        // Only without memory does libcrypto fail to hash: then nothing of the middle is shown.
        guard let code = try? HMACSHA256.code(for: message, key: key) else {
            return front + String(repeating: "*", count: hidden) + pan.lastFour
        }
        let modulus = (0..<hidden).reduce(UInt64(1)) { product, _ in product * 10 }
        var middle = code.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % modulus
        while true {
            let digits = String(middle)
            let candidate = front + String(repeating: "0", count: hidden - digits.utf8.count) + digits + pan.lastFour
            if !passesLuhn(candidate), pan.withDigits({ $0 != candidate }) { return candidate }
            // At most two in a row can be refused: a Luhn sum never stays the same when one digit changes.
            middle = (middle + 1) % modulus
        }
    }

    /// First six and last four, the middle as `*`: for cards keyed by hand, whose number the merchant has seen.
    public static func maskedManual(_ pan: PAN) -> String {
        let front = shownInFront(pan)
        return front + String(repeating: "*", count: pan.count - front.utf8.count - 4) + pan.lastFour
    }
}

/// Six digits, fewer when the PAN is too short to hide three behind them.
private func shownInFront(_ pan: PAN) -> String { String(pan.firstSix.prefix(pan.count < 13 ? pan.count - 8 : 6)) }

/// The Luhn check over a text of decimal digits (ISO/IEC 7812-1, annex B); `false` for anything else.
public func passesLuhn(_ digits: some StringProtocol) -> Bool {
    var sum = 0
    var double = false
    for character in digits.utf8.reversed() {
        guard (0x30...0x39).contains(character) else { return false }
        let value = Int(character - 0x30) * (double ? 2 : 1)
        sum += value > 9 ? value - 9 : value
        double.toggle()
    }
    return sum.isMultiple(of: 10) && !digits.isEmpty
}

extension PAN {
    /// Whether the last digit is the right check digit (ISO/IEC 7812-1, annex B).
    public var passesLuhnCheck: Bool { withDigits { passesLuhn($0) } }
}
