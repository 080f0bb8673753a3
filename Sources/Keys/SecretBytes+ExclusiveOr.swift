extension SecretBytes {
    /// Byte by byte; `other` is repeated when it is shorter, cut when it is longer.
    func exclusiveOr(_ other: [UInt8]) throws(KeysError) -> SecretBytes {
        guard !other.isEmpty else { return self }
        return try SecretBytes(count: count) { (output) throws(KeysError) in
            withBytes { for index in output.indices { output[index] = $0[index] ^ other[index % other.count] } }
        }
    }

    /// Byte by byte of two secrets of the same length.
    func exclusiveOr(_ other: SecretBytes) throws(KeysError) -> SecretBytes {
        guard other.count == count else { throw KeysError(.dataLength, "\(count) and \(other.count) bytes do not go together.") }
        return try SecretBytes(count: count) { (output) throws(KeysError) in
            withBytes { left in other.withBytes { right in for index in output.indices { output[index] = left[index] ^ right[index] } } }
        }
    }

    func part(_ range: Range<Int>) throws(KeysError) -> SecretBytes {
        guard range.lowerBound >= 0, range.upperBound <= count else { throw KeysError(.dataLength, "\(count) bytes are too few.") }
        return withBytes { SecretBytes($0[range]) }
    }

    func followed(by other: SecretBytes) throws(KeysError) -> SecretBytes {
        try SecretBytes(count: count + other.count) { (output) throws(KeysError) in
            withBytes { left in for index in left.indices { output[index] = left[index] } }
            other.withBytes { right in for index in right.indices { output[count + index] = right[index] } }
        }
    }
}
