/// Field 97: the net of a reconciliation, `C` or `D` and 16 digits. Debits (what cardholders paid) minus credits (refunds), seen from the card
/// acceptor: `D` when debits are not less.
public enum NetAmount {
    /// Minor units, positive for debits.
    public static func text(_ net: Int64) throws(ISO8583Error) -> String {
        guard let digits = Digits.text(net.magnitude, 16) else { throw ISO8583Error(.unencodable, "97", "does not fit n16") }
        return (net < 0 ? "C" : "D") + digits
    }

    public static func minorUnits(_ text: String) throws(ISO8583Error) -> Int64 {
        guard text.utf8.count == 17, let digits = Digits.number(text.dropFirst()), text.hasPrefix("C") || text.hasPrefix("D") else {
            throw ISO8583Error(.malformed, "97", "is not C or D and 16 digits")
        }
        return text.hasPrefix("C") ? -digits : digits
    }
}
