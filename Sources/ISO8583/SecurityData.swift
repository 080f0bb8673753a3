import Keys

/// Field 53: scheme (1 byte) · KSN length (1 byte), KSN · PIN block length (1 byte), ISO 9564 format-4 PIN block or nothing. In a key change: the scheme
/// of the key that is asked for, and in the KSN's place the check value of the key in force.
public struct SecurityData: Sendable, Equatable {
    public enum Scheme: UInt8, Sendable, CaseIterable {
        case tdesDUKPT = 1
        case aesDUKPT = 2
        /// An X9.143 key block, version D.
        case keyBlock = 3
    }

    public var scheme: Scheme
    public var keySerialNumber: [UInt8]
    /// 16 bytes; `nil` when the PIN block stands in field 52.
    public var pinBlock: SecretBytes?

    public init(scheme: Scheme, keySerialNumber: [UInt8], pinBlock: SecretBytes? = nil) {
        self.scheme = scheme
        self.keySerialNumber = keySerialNumber
        self.pinBlock = pinBlock
    }

    public init(_ field: SecretBytes) throws(ISO8583Error) {
        self = try field.withBytes { bytes throws(ISO8583Error) in
            guard let first = bytes.first, let scheme = Scheme(rawValue: first) else {
                throw ISO8583Error(.malformed, "53.1", "unknown scheme")
            }
            var rest = bytes.dropFirst()
            guard let serialLength = rest.popFirst(), rest.count >= Int(serialLength) else {
                throw ISO8583Error(.malformed, "53.2", "is cut short")
            }
            let serial = Array(rest.prefix(Int(serialLength)))
            rest = rest.dropFirst(Int(serialLength))
            guard let pinLength = rest.popFirst(), rest.count == Int(pinLength), pinLength == 0 || pinLength == 16 else {
                throw ISO8583Error(.malformed, "53.3", "is neither empty nor 16 bytes")
            }
            return SecurityData(scheme: scheme, keySerialNumber: serial, pinBlock: pinLength == 0 ? nil : SecretBytes(rest))
        }
    }

    /// The field's value.
    public func encoded() throws(ISO8583Error) -> SecretBytes {
        guard let serialLength = UInt8(exactly: keySerialNumber.count), pinBlock == nil || pinBlock?.count == 16 else {
            throw ISO8583Error(.unencodable, "53", "a part has the wrong length")
        }
        var bytes = [scheme.rawValue, serialLength] + keySerialNumber + [UInt8(pinBlock?.count ?? 0)]
        pinBlock?.withBytes { bytes.append(contentsOf: $0) }
        return SecretBytes(bytes)
    }
}
