/// Field 30 (ISO 8583:1993, 4.4.10): amount of the original in its own and in the reconciliation currency, minor units.
public struct OriginalAmounts: Sendable, Hashable {
    public var transaction: Int64
    public var reconciliation: Int64

    public init(transaction: Int64, reconciliation: Int64 = 0) {
        self.transaction = transaction
        self.reconciliation = reconciliation
    }

    public init(_ text: String) throws(ISO8583Error) {
        guard text.utf8.count == 24, let transaction = Digits.number(text.prefix(12)), let reconciliation = Digits.number(text.suffix(12))
        else {
            throw ISO8583Error(.malformed, "30", "is not 24 digits")
        }
        self.init(transaction: transaction, reconciliation: reconciliation)
    }

    public func text() throws(ISO8583Error) -> String {
        guard let first = Digits.text(transaction, 12), let second = Digits.text(reconciliation, 12) else {
            throw ISO8583Error(.unencodable, "30", "an amount does not fit n12")
        }
        return first + second
    }
}
