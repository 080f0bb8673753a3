import Hex
import Keys

/// Tokens for cards (48.02): one card, one token, from which nobody without the key finds the card.
struct CardTokens: Sendable {
    private let key: SecretBytes

    init(key: SecretBytes = LabKeys.cardTokens) { self.key = key }

    /// Sixteen hexadecimal digits, of which the first is a letter: never taken for a card number.
    func token(of pan: PAN) -> String? {
        let code = pan.withDigits { digits in try? CMAC.code(for: Array(digits.utf8), key: key, length: 8) }
        return code.map { "T" + $0.hex.dropFirst() }
    }
}
