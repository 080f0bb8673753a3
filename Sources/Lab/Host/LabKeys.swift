import Keys

/// Keys that everybody may know: for tests and rehearsal only. A production host has others, and no production terminal holds these.
public enum LabKeys {
    /// AES-128 key of the host messages' MAC; the example key of RFC 4493, section 4.
    public static let hostMAC = SecretBytes([
        0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F, 0x3C,
    ])

    /// AES-128 key under which the host sends new MAC keys; the first half of the AES-256 example key
    /// of NIST SP 800-38A, appendix F.
    public static let keyProtection = SecretBytes([
        0x60, 0x3D, 0xEB, 0x10, 0x15, 0xCA, 0x71, 0xBE, 0x2B, 0x73, 0xAE, 0xF0, 0x85, 0x7D, 0x77, 0x81,
    ])

    /// TDES base derivation key of online PINs: the example of ANSI X9.24-1:2009, annex A.
    public static let tdesBaseKey = SecretBytes([
        0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10,
    ])

    /// AES-128 base derivation key of online PINs: the example of ANSI X9.24-3:2017.
    public static let aesBaseKey = SecretBytes([
        0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1,
    ])

    /// AES-128 key that the host makes card tokens with; the example key of FIPS 197, appendix C.1.
    static let cardTokens = SecretBytes((0x00...0x0F).map { UInt8($0) })
}
