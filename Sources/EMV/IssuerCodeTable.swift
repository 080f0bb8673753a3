/// A part of ISO/IEC 8859, by Issuer Code Table Index (9F11): 01 to 10 are parts 1 to 10 (EMV 4.4 Book 3, C4).
struct IssuerCodeTable: Sendable {
    /// 1 to 10.
    let part: Int
    /// What A0 to FF are.
    private let upper: [Unicode.Scalar]

    /// `nil` for an index without a table. 9F11 is numeric: 10 is the byte 10.
    init?(index: UInt8) {
        guard let part = NumericCoding.value([index]), let upper = Self.tables[part] else { return nil }
        self.part = part
        self.upper = upper
    }

    /// The character, or `nil` for controls and for what the part leaves undefined.
    func scalar(_ byte: UInt8) -> Unicode.Scalar? {
        switch byte {
        case 0x20...0x7E: Unicode.Scalar(byte)
        case 0xA0...: upper[Int(byte) - 0xA0] == "\u{FFFD}" ? nil : upper[Int(byte) - 0xA0]
        default: nil
        }
    }

    private static let tables: [Int: [Unicode.Scalar]] = {
        let file = try? TableFile(yaml: String(decoding: PackageResources.code_tables_yaml, as: UTF8.self), name: "code-tables.yaml")
        var tables: [Int: [Unicode.Scalar]] = [:]
        for (name, text) in (try? file?.texts("tables")) ?? [:] where text.unicodeScalars.count == 96 {
            if let number = Int(name) { tables[number] = Array(text.unicodeScalars) }
        }
        return tables
    }()
}
