/// The named bits of a data element, as the annexes of the books print them. A table for people; the kernel's own constants are on the types.
struct BitTable: Sendable {
    let name: String
    /// Book and annex.
    let source: String
    /// One row a byte, each with bits 8 to 1; `nil` is reserved for future use.
    let rows: [[String?]]

    /// A line for every bit that is set.
    func lines(_ bytes: [UInt8], depth: Int) -> [DecodedObject.Line] {
        var lines: [DecodedObject.Line] = []
        for (number, (row, byte)) in zip(rows, bytes).enumerated() {
            for (name, bit) in zip(row, (1...8).reversed()) where byte & (1 << (bit - 1)) != 0 {
                lines.append(.init(depth: depth, text: "byte \(number + 1) bit \(bit): \(name ?? "reserved for future use")"))
            }
        }
        return lines.isEmpty ? [.init(depth: depth, text: "no bit is set")] : lines
    }
}

extension BitTable {
    private static let reserved: [String?] = [nil, nil, nil, nil, nil, nil, nil, nil]

    static let terminalVerificationResults = BitTable(
        name: "Terminal Verification Results", source: "EMV 4.4 Book 3, C5",
        rows: [
            [
                "Offline data authentication was not performed", "SDA failed", "ICC data missing",
                "Card appears on terminal exception file",
                "DDA failed", "CDA failed", "SDA selected", "XDA selected",
            ],
            [
                "ICC and terminal have different application versions", "Expired application", "Application not yet effective",
                "Requested service not allowed for card product", "New card", nil, "Biometric performed and successful",
                "Biometric template format not supported",
            ],
            [
                "Cardholder verification was not successful", "Unrecognised CVM", "PIN Try Limit exceeded",
                "PIN entry required and PIN pad not present or not working",
                "PIN entry required, PIN pad present, but PIN was not entered", "Online CVM captured (online PIN entered)",
                "Biometric required but capture device not working",
                "Biometric required, capture device present, but subtype entry was bypassed",
            ],
            [
                "Transaction exceeds floor limit", "Lower consecutive offline limit exceeded", "Upper consecutive offline limit exceeded",
                "Transaction selected randomly for online processing", "Merchant forced transaction online",
                "Biometric Try Limit exceeded", "A selected biometric type is not supported", "XDA signature verification failed",
            ],
            [
                "Default TDOL used", "Issuer authentication failed", "Script processing failed before final GENERATE AC",
                "Script processing failed after final GENERATE AC", "Reserved for contactless", "CA ECC key missing",
                "ECC key recovery failed", "Reserved for contactless",
            ],
        ])

    static let transactionStatusInformation = BitTable(
        name: "Transaction Status Information", source: "EMV 4.4 Book 3, C6",
        rows: [
            [
                "Offline data authentication was performed", "Cardholder verification was performed", "Card risk management was performed",
                "Issuer authentication was performed", "Terminal risk management was performed", "Script processing was performed", nil,
                nil,
            ],
            reserved,
        ])

    static let applicationInterchangeProfile = BitTable(
        name: "Application Interchange Profile", source: "EMV 4.4 Book 3, C1",
        rows: [
            [
                "XDA supported", "SDA supported", "DDA supported", "Cardholder verification is supported",
                "Terminal risk management is to be performed", "Issuer authentication by EXTERNAL AUTHENTICATE is supported",
                "Reserved for contactless", "CDA supported",
            ],
            ["Reserved for contactless", nil, nil, nil, nil, nil, nil, nil],
        ])

    static let applicationUsageControl = BitTable(
        name: "Application Usage Control", source: "EMV 4.4 Book 3, C2",
        rows: [
            [
                "Valid for domestic cash transactions", "Valid for international cash transactions", "Valid for domestic goods",
                "Valid for international goods", "Valid for domestic services", "Valid for international services", "Valid at ATMs",
                "Valid at terminals other than ATMs",
            ],
            ["Domestic cashback allowed", "International cashback allowed", nil, nil, nil, nil, nil, nil],
        ])

    static let terminalCapabilities = BitTable(
        name: "Terminal Capabilities", source: "EMV 4.4 Book 4, A2",
        rows: [
            ["Manual key entry", "Magnetic stripe", "IC with contacts", nil, nil, nil, nil, nil],
            [
                "Plaintext PIN for ICC verification", "Enciphered PIN for online verification", "Signature",
                "Enciphered PIN for offline verification (RSA)", "No CVM required", "Online biometric", "Offline biometric",
                "Enciphered PIN for offline verification (ECC)",
            ],
            ["SDA", "DDA", "Card capture", nil, "CDA", "XDA", nil, nil],
        ])

    static let additionalTerminalCapabilities = BitTable(
        name: "Additional Terminal Capabilities", source: "EMV 4.4 Book 4, A3",
        rows: [
            ["Cash", "Goods", "Services", "Cashback", "Inquiry", "Transfer", "Payment", "Administrative"],
            ["Cash deposit", nil, nil, nil, nil, nil, nil, nil],
            ["Numeric keys", "Alphabetic and special character keys", "Command keys", "Function keys", nil, nil, nil, nil],
            [
                "Print, attendant", "Print, cardholder", "Display, attendant", "Display, cardholder", nil, nil, "Code table 10",
                "Code table 9",
            ],
            [
                "Code table 8", "Code table 7", "Code table 6", "Code table 5", "Code table 4", "Code table 3", "Code table 2",
                "Code table 1",
            ],
        ])
}
