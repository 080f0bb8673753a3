import Hex

extension KeyedDecodingContainer {
    /// Hexadecimal text of a length in `byteCounts`; anything else is named with its key.
    func decodeHexIfPresent(_ key: Key, _ byteCounts: ClosedRange<Int>) throws -> [UInt8]? {
        guard let text = try decodeIfPresent(String.self, forKey: key) else { return nil }
        return try bytes(text, key, byteCounts)
    }

    func decodeHex(_ key: Key, _ byteCounts: ClosedRange<Int>) throws -> [UInt8] {
        try bytes(try decode(String.self, forKey: key), key, byteCounts)
    }

    private func bytes(_ text: String, _ key: Key, _ byteCounts: ClosedRange<Int>) throws -> [UInt8] {
        guard let bytes = [UInt8](hex: text), byteCounts.contains(bytes.count) else {
            let digits =
                byteCounts.lowerBound == byteCounts.upperBound
                ? "\(byteCounts.lowerBound * 2)" : "\(byteCounts.lowerBound * 2) to \(byteCounts.upperBound * 2)"
            throw DecodingError.dataCorruptedError(
                forKey: key, in: self, debugDescription: "\(key.stringValue) must be \(digits) hexadecimal digits")
        }
        return bytes
    }
}
