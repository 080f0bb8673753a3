import Keys

/// Keys that everybody may know: for tests and rehearsal only. A production host has others, and no production terminal holds these.
public enum LabKeys {
    /// AES-128 key of the host messages' MAC; the example key of RFC 4493, section 4.
    public static let hostMAC = SecretBytes([
        0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F, 0x3C,
    ])

    /// AES-128 key that the host makes card tokens with; the example key of FIPS 197, appendix C.1.
    static let cardTokens = SecretBytes((0x00...0x0F).map { UInt8($0) })
}
