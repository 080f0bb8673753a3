import SmartCard

/// Which data objects go to the host in field 55, in this order. What the card or the terminal does not have is left out. None identifies the
/// account: that is field 2 or 35.
public enum FieldTags {
    /// Of a request.
    public static let request: [TagNumber] = [
        0x9F26, 0x9F27, 0x9F10, 0x9F37, 0x9F36, 0x95, 0x9A, 0x9C, 0x9F02, 0x5F2A, 0x82, 0x9F1A, 0x9F03, 0x9F33, 0x9F34, 0x9F35, 0x9F1E,
        0x84,
        0x9F09, 0x9F41, 0x5F34, 0x9F6E, 0x9F7C,
    ]
    /// Of a reversal or an advice: how the card's part ended.
    static let finalState: [TagNumber] = [0x9F10, 0x95, 0x9F5B, 0x9B, 0x9F26, 0x9F27, 0x9F36]
}
