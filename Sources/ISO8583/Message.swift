import Keys

/// One ISO 8583 message: its type and its fields by number, independent of how a dialect writes them.
///
/// `description` shows field numbers and lengths, and the values of `Message.shown` only, so it is safe to log.
public struct Message: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Four digits.
    public var mti: String

    /// The fields present. One entry and, unless it is a secret, a stretch of `values` belong to each, in the same order.
    private(set) var present = Bitmap()
    private var entries: [Entry] = []
    /// Values of all fields that are not secret, one behind the other.
    private var values: [UInt8] = []
    private var secrets: [SecretBytes] = []

    /// What a field's value is.
    enum Kind: Sendable { case text, bytes, secret }

    private struct Entry: Sendable, Equatable {
        var kind: Kind
        /// Bytes of `values`.
        var size: Int32
    }

    /// Fields whose values may be seen by anybody: amounts, dates, numbers and identifications that are of no use to a thief.
    public static let shown: Set<Int> = [3, 4, 7, 11, 12, 24, 25, 28, 37, 39, 41, 42, 49, 50]

    /// Fields that are secret in every edition of the standard, whatever a caller stores in them: card number, tracks 2, 3 and 1, PIN data,
    /// security data.
    public static let alwaysSecret: Set<Int> = [2, 35, 36, 45, 52, 53]

    public init(mti: String) { self.mti = mti }

    /// For the decoder, which knows the fields and the room that their values need; `fill` appends them in ascending order.
    init<Failure: Error>(
        mti: String, fieldCount: Int, capacity: Int, _ fill: (inout Message, inout ByteOutput) throws(Failure) -> Void
    ) throws(Failure) {
        self.mti = mti
        entries.reserveCapacity(fieldCount)
        values = try ByteOutput.bytes(capacity: capacity) { output throws(Failure) in try fill(&self, &output) }
    }

    /// The next field, whose value has been written to `values`.
    mutating func appendEntry(_ number: Int, _ kind: Kind, size: Int) {
        present.insert(number)
        entries.append(Entry(kind: kind, size: Int32(truncatingIfNeeded: size)))
    }

    mutating func appendEntry(_ number: Int, _ secret: SecretBytes) {
        present.insert(number)
        entries.append(Entry(kind: .secret, size: 0))
        secrets.append(secret)
    }

    /// Numbers of the fields present, ascending.
    public var numbers: [Int] { Array(present) }

    public func contains(_ number: Int) -> Bool { present.contains(number) }

    /// The field's value; setting `nil` removes the field. A value of an always secret field becomes a secret. Numbers outside 2…128 are
    /// ignored (1 is the second bitmap).
    public subscript(number: Int) -> FieldValue? {
        get {
            guard present.contains(number) else { return nil }
            let place = place(number)
            switch entries[place.entry].kind {
            case .text: return .text(String(decoding: values[place.values], as: UTF8.self))
            case .bytes: return .bytes(Array(values[place.values]))
            case .secret: return .secret(secrets[place.secrets])
            }
        }
        set {
            guard (2...128).contains(number) else { return }
            let place = place(number)
            if present.contains(number) {
                if entries.remove(at: place.entry).kind == .secret { secrets.remove(at: place.secrets) }
                values.removeSubrange(place.values)
                present.remove(number)
            }
            guard let value = Self.alwaysSecret.contains(number) ? newValue?.concealed : newValue else { return }
            let before = values.count
            let start = place.values.lowerBound
            let kind: Kind
            switch value {
            case .text(let text):
                kind = .text
                if start == before { values.append(contentsOf: text.utf8) } else { values.insert(contentsOf: text.utf8, at: start) }
            case .bytes(let bytes):
                kind = .bytes
                values.insert(contentsOf: bytes, at: start)
            case .secret(let secret):
                kind = .secret
                secrets.insert(secret, at: place.secrets)
            }
            present.insert(number)
            entries.insert(Entry(kind: kind, size: Int32(clamping: values.count - before)), at: place.entry)
        }
    }

    /// Where the field is, or would be.
    private func place(_ number: Int) -> (entry: Int, values: Range<Int>, secrets: Int) {
        let index = present.rank(number)
        var (start, secrets) = (0, 0)
        for entry in entries[..<index] {
            start += Int(entry.size)
            if entry.kind == .secret { secrets += 1 }
        }
        let size = present.contains(number) ? Int(entries[index].size) : 0
        return (index, start..<start + size, secrets)
    }

    public mutating func set(_ number: Int, _ text: String?) { self[number] = text.map(FieldValue.text) }
    public mutating func set(_ number: Int, bytes: [UInt8]?) { self[number] = bytes.map(FieldValue.bytes) }
    public mutating func set(_ number: Int, secret: SecretBytes?) { self[number] = secret.map(FieldValue.secret) }

    /// The text of a field that is not secret.
    public func text(_ number: Int) -> String? {
        guard present.contains(number) else { return nil }
        let place = place(number)
        return entries[place.entry].kind == .text ? String(decoding: values[place.values], as: UTF8.self) : nil
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
        present.reduce(into: mti) { line, number in
            if Self.shown.contains(number), let text = text(number) {
                line += " \(number)=\(text)"
            } else {
                line += " \(number)(\(self[number]?.count ?? 0))"
            }
        }
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Bytes of all values, secret ones too.
    var size: Int { secrets.reduce(values.count) { $0 + $1.count } }

    /// Every field without making its value. The bytes are valid inside `body`.
    @inline(__always)
    func forEach(_ body: (Int, Kind, UnsafeRawBufferPointer) throws(ISO8583Error) -> Void) throws(ISO8583Error) {
        try values.span.withUnsafeBytes { values throws(ISO8583Error) in
            var (index, start, secret) = (0, 0, 0)
            for number in present {
                let entry = entries[index]
                index += 1
                if entry.kind == .secret {
                    try secrets[secret].withBytes { bytes throws(ISO8583Error) in try body(number, .secret, bytes) }
                    secret += 1
                } else {
                    let size = Int(entry.size)
                    try body(number, entry.kind, UnsafeRawBufferPointer(rebasing: values[start..<start + size]))
                    start += size
                }
            }
        }
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
