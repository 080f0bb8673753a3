import Keys
import SmartCard

/// VERIFY (EMV 4.4 Book 3, 6.5.12).
extension EMVCardMachine {
    /// P2 80: the plaintext PIN block `2N PIN FF…`; 88: enciphered with the card's key (Book 2, 7.2).
    mutating func verify(_ command: CommandAPDU) -> ResponseAPDU {
        guard command.p1 == 0, command.p2 == 0x80 || command.p2 == 0x88 else { return ResponseAPDU(status: .incorrectParameters) }
        guard phase == .initiated else { return ResponseAPDU(status: .conditionsNotSatisfied) }
        guard let pin else { return ResponseAPDU(status: .functionNotSupported) }
        let offered: [UInt8]
        if command.p2 == 0x80 {
            guard command.data.count == 8 else { return ResponseAPDU(status: .wrongLength) }
            offered = command.data
        } else {
            guard let key = application?.key else { return ResponseAPDU(status: .functionNotSupported) }
            guard command.data.count == key.publicKey.modulus.count else { return ResponseAPDU(status: .wrongLength) }
            // Book 3, 10.5.1: 6984 when the PIN block cannot be recovered. A challenge serves once.
            let challenge = transaction.challenge
            transaction.challenge = nil
            guard let opened = try? key.apply(command.data), opened.first == 0x7F, let challenge,
                constantTimeEqual(Array(opened[9..<17]), challenge)
            else { return ResponseAPDU(status: .referencedDataInvalidated) }
            offered = Array(opened[1..<9])
        }
        transaction.pinVerified = false
        guard memory.pinTries > 0 else { return ResponseAPDU(status: .authenticationMethodBlocked) }
        guard constantTimeEqual(Self.block(pin), offered) else {
            remember { $0.pinTries -= 1 }
            return ResponseAPDU(status: StatusWord(0x63C0 | UInt16(memory.pinTries)))
        }
        remember { $0.pinTries = Self.pinTryLimit }
        transaction.pinVerified = true
        return ResponseAPDU(status: .success)
    }

    /// `2N PIN FF…` (ISO 9564-1, format 2).
    static func block(_ pin: SecretBytes) -> [UInt8] {
        pin.withBytes { digits in
            let text = String(decoding: digits, as: UTF8.self)
            let padded = text + String(repeating: "?", count: max(0, 14 - text.utf8.count))
            // `?` is 3F: its low four bits are the filler F.
            return [0x20 | UInt8(truncatingIfNeeded: digits.count)] + CardCryptography.packed(padded)
        }
    }

    /// The digits of such a block; `nil` for anything else.
    static func digits(of block: [UInt8]) -> SecretBytes? {
        guard block.count == 8, block[0] >> 4 == 2, (4...12).contains(block[0] & 0x0F) else { return nil }
        let nibbles = block.dropFirst().flatMap { [$0 >> 4, $0 & 0x0F] }
        let count = Int(block[0] & 0x0F)
        guard nibbles.prefix(count).allSatisfy({ $0 <= 9 }), nibbles.dropFirst(count).allSatisfy({ $0 == 0x0F }) else { return nil }
        return SecretBytes(nibbles.prefix(count).map { 0x30 + $0 })
    }
}

/// What a keypad that enciphers PINs does (EMV 4.4 Book 2, 7.2): `7F | PIN block(8) | challenge(8) | random`, under the card's key.
public enum EncipheredPIN {
    /// `nil` for a PIN or challenge of a wrong length.
    public static func data(pin: SecretBytes, challenge: [UInt8], key: RSAPublicKey) throws(KeysError) -> [UInt8]? {
        guard (4...12).contains(pin.count), challenge.count == 8 else { return nil }
        let padding = try RandomBytes.generate(key.modulus.count - 17)
        return try key.apply([0x7F] + EMVCardMachine.block(pin) + challenge + padding)
    }
}
