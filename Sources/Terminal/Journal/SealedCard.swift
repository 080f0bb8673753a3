import Keys
import PaymentHost

/// A card under the site's journal key (AES-256-GCM), bound to the follow-up that carries it.
public struct SealedCard: Sendable, Hashable, Codable {
    /// Nonce (12) | ciphertext | tag (16).
    public var bytes: [UInt8]

    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// - Parameter nonce: 12 fresh random bytes.
    init(_ card: HostCard, for id: FollowUpID, key: SecretBytes, nonce: [UInt8]) throws(KeysError) {
        bytes = nonce + (try AES.sealGCM(card.packed, key: key, nonce: nonce, authenticating: Array(id.description.utf8)))
    }

    func open(for id: FollowUpID, key: SecretBytes) throws(KeysError) -> HostCard {
        let damaged = KeysError(.authentication, "The card of \(id) cannot be read.")
        guard bytes.count > AES.nonceSize else { throw damaged }
        let packed = try AES.openGCM(
            Array(bytes.dropFirst(AES.nonceSize)), key: key, nonce: Array(bytes.prefix(AES.nonceSize)),
            authenticating: Array(id.description.utf8))
        guard let card = HostCard(packed: packed) else { throw damaged }
        return card
    }
}

/// One byte for the kind, then fields of a length (2 bytes, big-endian; FFFF for none) and bytes.
extension HostCard {
    private enum Kind { static let clear: UInt8 = 1, token: UInt8 = 2, encrypted: UInt8 = 3 }

    fileprivate var packed: SecretBytes {
        var bytes: [UInt8] = []
        defer { _ = bytes.withUnsafeMutableBytes { $0.initializeMemory(as: UInt8.self, repeating: 0) } }
        func add(_ field: (some Sequence<UInt8>)?) {
            let field = field.map { Array($0) }
            let count = field.map { min($0.count, 0xFFFE) } ?? 0xFFFF
            bytes += [UInt8(count >> 8), UInt8(count & 0xFF)]
            bytes += (field ?? []).prefix(0xFFFE)
        }
        switch self {
        case .clear(let card):
            bytes.append(Kind.clear)
            add(card.pan.withDigits { Array($0.utf8) })
            add(card.expiry?.utf8)
            add(card.track2.map { $0.withBytes { Array($0) } })
            add(card.panSequenceNumber.map { [UInt8(clamping: $0)] })
            add(card.iccData)
        case .token(let token, let expiry, let storedCredential):
            bytes.append(Kind.token)
            add(token.utf8)
            add(expiry?.utf8)
            add(storedCredential?.utf8)
        case .encrypted(let data):
            bytes.append(Kind.encrypted)
            add(data.scheme.utf8)
            add(data.keySerialNumber)
            add(data.ciphertext)
            add(data.maskedPAN?.utf8)
        }
        return SecretBytes(bytes)
    }

    fileprivate init?(packed: SecretBytes) {
        guard let fields = packed.withBytes({ Self.fields($0) }), let kind = fields.kind else { return nil }
        func text(_ index: Int) -> String? { fields.values[index].map { String(decoding: $0, as: UTF8.self) } }
        switch (kind, fields.values.count) {
        case (Kind.clear, 5):
            guard let digits = text(0), let pan = PAN(digits) else { return nil }
            self = .clear(
                HostCardData(
                    pan: pan, expiry: text(1), track2: fields.values[2].map { SecretBytes($0) },
                    panSequenceNumber: fields.values[3]?.first.map { Int($0) }, iccData: fields.values[4]))
        case (Kind.token, 3):
            guard let token = text(0) else { return nil }
            self = .token(token, expiry: text(1), storedCredential: text(2))
        case (Kind.encrypted, 4):
            guard let scheme = text(0), let serial = fields.values[1], let ciphertext = fields.values[2] else { return nil }
            self = .encrypted(EncryptedCardData(scheme: scheme, keySerialNumber: serial, ciphertext: ciphertext, maskedPAN: text(3)))
        default: return nil
        }
    }

    private static func fields(_ bytes: UnsafeRawBufferPointer) -> (kind: UInt8?, values: [[UInt8]?])? {
        var values: [[UInt8]?] = []
        var rest = bytes.dropFirst()
        while !rest.isEmpty {
            guard rest.count >= 2 else { return nil }
            let count = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            rest = rest.dropFirst(2)
            if count == 0xFFFF {
                values.append(nil)
                continue
            }
            guard rest.count >= count else { return nil }
            values.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return (bytes.first, values)
    }
}
