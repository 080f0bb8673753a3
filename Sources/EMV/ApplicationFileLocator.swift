/// AFL, tag 94: which records to read (EMV 4.4 Book 3, 10.2).
struct ApplicationFileLocator: Sendable, Hashable {
    struct Entry: Sendable, Hashable {
        /// 1…30.
        var shortFileIdentifier: UInt8
        var records: ClosedRange<UInt8>
        /// Records from the first on that offline data authentication covers.
        var authenticated: UInt8
    }

    var entries: [Entry]

    /// Four bytes an entry: SFI in the five high bits, first record, last record, records to be authenticated. `nil` for what 10.2 has the
    /// terminal terminate for.
    init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, bytes.count.isMultiple(of: 4) else { return nil }
        entries = []
        for start in stride(from: 0, to: bytes.count, by: 4) {
            let (file, first, last, authenticated) = (bytes[start], bytes[start + 1], bytes[start + 2], bytes[start + 3])
            guard file & 0x07 == 0, (1...30).contains(file >> 3), first > 0, first <= last, Int(authenticated) <= Int(last) - Int(first) + 1
            else { return nil }
            entries.append(Entry(shortFileIdentifier: file >> 3, records: first...last, authenticated: authenticated))
        }
    }
}
