import SmartCard

/// Data elements that traces of cards and terminals hold and this kernel does not process: names for people. They are not in `DataDictionary`,
/// because the kernel would then keep what a card sends in them (EMV 4.4 Book 3, 10.2).
enum ForeignDataElements {
    static subscript(tag: TagNumber) -> DataElement? { byTag[tag] }

    private static let byTag = Dictionary((biometric + contactless + others).map { ($0.tag, $0) }, uniquingKeysWith: { first, _ in first })

    /// EMV 4.4 Book 3, Annex A.
    private static let biometric: [DataElement] = [
        .init(0x7F60, "Biometric Information Template (BIT)", .card, .binary, 0...252),
        .init(0x9F30, "Biometric Terminal Capabilities", .terminal, .binary, 3),
        .init(0x9F31, "Card BIT Group Template", .card, .binary, 0...252),
        .init(0xBF4A, "Offline BIT Group Template", .card, .binary, 0...252),
        .init(0xBF4B, "Online BIT Group Template", .card, .binary, 0...252),
        .init(0xBF4C, "Biometric Try Counters Template", .card, .binary, 0...252),
        .init(0xBF4D, "Preferred Attempts Template", .card, .binary, 0...252),
        .init(0xBF4E, "Biometric Verification Data Template", .terminal, .binary, 0...252),
    ]

    /// EMV Contactless Books A, B, C-2 and C-3.
    private static let contactless: [DataElement] = [
        .init(0x9F29, "Extended Selection", .card, .binary, 0...11),
        .init(0x9F2A, "Kernel Identifier", .card, .binary, 1...8),
        .init(0x9F60, "CVC3 (Track 1)", .card, .binary, 2),
        .init(0x9F61, "CVC3 (Track 2)", .card, .binary, 2),
        .init(0x9F62, "Track 1 Bit Map for CVC3 (PCVC3 Track 1)", .card, .binary, 6),
        .init(0x9F63, "Track 1 Bit Map for UN and ATC (PUNATC Track 1)", .card, .binary, 6),
        .init(0x9F64, "Track 1 Number of ATC Digits (NATC Track 1)", .card, .binary, 1),
        .init(0x9F65, "Track 2 Bit Map for CVC3 (PCVC3 Track 2)", .card, .binary, 2),
        .init(0x9F66, "Terminal Transaction Qualifiers (TTQ), or PUNATC (Track 2)", .terminal, .binary, 2...4),
        .init(0x9F67, "Track 2 Number of ATC Digits (NATC Track 2)", .card, .binary, 1),
        .init(0x9F69, "Card Authentication Related Data, or UDOL", .card, .binary, 0...252),
        .init(0x9F6A, "Unpredictable Number (Numeric)", .terminal, .numeric, 4),
        .init(0x9F6B, "Track 2 Data (contactless)", .card, .binary, 0...19, cardData: true),
        .init(0x9F6C, "Card Transaction Qualifiers (CTQ)", .card, .binary, 2),
        .init(0x9F6D, "Magnetic Stripe Application Version Number (reader)", .terminal, .binary, 2),
        .init(0x9F7E, "Mobile Support Indicator", .terminal, .binary, 1),
    ]

    /// ISO/IEC 7816-4 and earlier editions of the books.
    private static let others: [DataElement] = [
        .init(0x62, "File Control Parameters (FCP) Template", .card, .variable, 0...252),
        .init(0x64, "File Management Data (FMD) Template", .card, .variable, 0...252),
        .init(0x9D, "Directory Definition File (DDF) Name", .card, .binary, 5...16),
    ]
}
