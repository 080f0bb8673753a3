import Keys

/// One ISO 8583 message: its type and its fields by number, independent of how a dialect writes them.
///
/// `description` shows field numbers and lengths, and the values of `Message.shown` only, so it is safe to log.
public struct Message: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Four digits.
    public var mti: String

    /// In ascending order of number.
    private var entries: [Entry]

    private struct Entry: Sendable, Equatable {
        let number: Int
        var value: FieldValue
    }

    /// Fields whose values may be seen by anybody: amounts, dates, numbers and identifications that are of no use to a thief.
    public static let shown: Set<Int> = [3, 4, 7, 11, 12, 24, 25, 28, 37, 39, 41, 42, 49, 50]

    /// Fields that are secret in every edition of the standard, whatever a caller stores in them: card number, tracks 2, 3 and 1, PIN data,
    /// security data.
    public static let alwaysSecret: Set<Int> = [2, 35, 36, 45, 52, 53]

    public init(mti: String) {
        self.mti = mti
        entries = []
        entries.reserveCapacity(32)
    }

    /// Numbers of the fields present, ascending.
    public var numbers: [Int] { entries.map(\.number) }

    public func contains(_ number: Int) -> Bool { self[number] != nil }

    /// The field's value; setting `nil` removes the field. A value of an always secret field becomes a secret. Numbers outside 2…128 are
    /// ignored (1 is the second bitmap).
    public subscript(number: Int) -> FieldValue? {
        get {
            for entry in entries where entry.number == number { return entry.value }
            return nil
        }
        set {
            guard (2...128).contains(number) else { return }
            let index = entries.firstIndex { $0.number >= number } ?? entries.endIndex
            let exists = index < entries.endIndex && entries[index].number == number
            guard let newValue else {
                if exists { entries.remove(at: index) }
                return
            }
            let value = Self.alwaysSecret.contains(number) ? newValue.concealed : newValue
            if exists {
                entries[index].value = value
            } else {
                entries.insert(Entry(number: number, value: value), at: index)
            }
        }
    }

    public mutating func set(_ number: Int, _ text: String?) { self[number] = text.map(FieldValue.text) }
    public mutating func set(_ number: Int, bytes: [UInt8]?) { self[number] = bytes.map(FieldValue.bytes) }
    public mutating func set(_ number: Int, secret: SecretBytes?) { self[number] = secret.map(FieldValue.secret) }

    /// The text of a field that is not secret.
    public func text(_ number: Int) -> String? {
        if case .text(let text)? = self[number] { text } else { nil }
    }

    /// The bytes of a `b` field that is not secret.
    public func bytes(_ number: Int) -> [UInt8]? {
        if case .bytes(let bytes)? = self[number] { bytes } else { nil }
    }

    /// The value of a secret field: ASCII characters, or raw bytes for `b`.
    public func secret(_ number: Int) -> SecretBytes? {
        if case .secret(let secret)? = self[number] { secret } else { nil }
    }

    /// The value of a numeric field as a number; `nil` when absent or not a number.
    public func number(_ number: Int) -> Int64? { text(number).flatMap { Int64($0) } }

    public var description: String {
        entries.reduce(into: mti) { line, entry in
            if Self.shown.contains(entry.number), case .text(let text) = entry.value {
                line += " \(entry.number)=\(text)"
            } else {
                line += " \(entry.number)(\(entry.value.count))"
            }
        }
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    func forEach(_ body: (Int, FieldValue) throws(ISO8583Error) -> Void) throws(ISO8583Error) {
        for entry in entries { try body(entry.number, entry.value) }
    }

    /// For the decoder, which meets fields in ascending order.
    mutating func append(_ number: Int, _ value: FieldValue) {
        entries.append(Entry(number: number, value: Self.alwaysSecret.contains(number) ? value.concealed : value))
    }
}

extension FieldValue {
    fileprivate var concealed: FieldValue {
        switch self {
        case .text(let text): .secret(SecretBytes(text.utf8))
        case .bytes(let bytes): .secret(SecretBytes(bytes))
        case .secret: self
        }
    }
}
