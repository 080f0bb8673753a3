/// Online PINs under DUKPT: the pad's side and the host's side of the same block, for simulated pads and hosts (see `PIN`).
extension PINBlock {
    /// Under TDES: format 0 or 3 with the transaction's PIN key.
    public static func encipher(
        _ format: Format, _ pin: PIN, pan: PAN, under key: TripleDESDUKPT.TransactionKey
    ) throws(KeysError) -> SecretBytes {
        try TripleDES.encryptECB(secret: make(format, pin, pan: pan), key: key.pin)
    }

    /// Under AES: format 4.
    public static func encipher(_ pin: PIN, pan: PAN, under key: AESDUKPT.TransactionKey) throws(KeysError) -> SecretBytes {
        try encipherFormat4(pin, pan: pan, key: key.pin)
    }

    /// What a host does with an enciphered block and its KSN: 8 bytes are format 0 or 3 under TDES, 16 bytes format 4 under AES.
    /// `keys.pinBlock` when they do not open to a PIN under this BDK and PAN.
    public static func decipher(
        _ block: SecretBytes, serial: KeySerialNumber, pan: PAN, baseKey: SecretBytes
    ) throws(KeysError) -> PIN {
        switch serial.scheme {
        case .aes: return try decipherFormat4(block, pan: pan, key: AESDUKPT.transactionKey(baseKey: baseKey, serial: serial).pin)
        case .tripleDES:
            guard block.count == 8 else { throw KeysError(.dataLength, "A PIN block under TDES has 8 bytes, not \(block.count).") }
            let clear = try TripleDES.decryptECB(secret: block, key: TripleDESDUKPT.transactionKey(baseKey: baseKey, serial: serial).pin)
            guard let format = format(of: clear), format.needsPAN else {
                throw KeysError(.pinBlock, "The PIN block does not open to a PIN.")
            }
            return try pin(in: clear, format, pan: pan)
        }
    }
}
