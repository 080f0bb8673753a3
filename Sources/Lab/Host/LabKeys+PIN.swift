import Keys

extension LabKeys {
    /// Base derivation key of the lab's PIN pads with TDES DUKPT; the example key of ANSI X9.24-1, annex A.
    public static let pinBaseTripleDES = SecretBytes([
        0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10,
    ])
    /// Base derivation key of the lab's PIN pads with AES DUKPT; the example key of ANSI X9.24-3's supplement.
    public static let pinBaseAES = SecretBytes([
        0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1,
    ])

    /// The base key for what a KSN's length says.
    public static func pinBase(_ scheme: KeySerialNumber.Scheme) -> SecretBytes {
        switch scheme {
        case .tripleDES: pinBaseTripleDES
        case .aes: pinBaseAES
        }
    }
}
