import SmartCard

/// An application both sides have (EMV 4.4 Book 1, 12.3).
struct Candidate: Sendable, Hashable {
    /// 4F of the directory or 84 of the application's FCI.
    var aid: [UInt8]
    var label: String
    /// 9F12 where 9F11 names a code table this terminal has.
    var preferredName: String?
    /// 87: bit 8 asks for confirmation, bits 4 to 1 are the order, 1 first, 0 none.
    var priority: UInt8
    /// Index into the terminal's applications.
    var configuration: Int
    /// 5F2D.
    var languages: [String] = []

    var needsConfirmation: Bool { priority & 0x80 != 0 }
    /// 1…15, or 16 without an order.
    var rank: UInt8 { priority & 0x0F == 0 ? 16 : priority & 0x0F }

    var shown: ApplicationCandidate { ApplicationCandidate(aid: aid, label: label, preferredName: preferredName, languages: languages) }
}

/// Names a card gives its application, made safe to show.
enum ApplicationName {
    /// 50: printable characters of ISO/IEC 8859's common part; `nil` when nothing is left.
    static func label(_ bytes: [UInt8]?) -> String? {
        guard let bytes else { return nil }
        let text = trimmed(bytes.filter { (0x20...0x7E).contains($0) })
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }

    /// 9F12 in code table 1, ISO/IEC 8859-1; `nil` for other tables (EMV 4.4 Book 4, 11.1 and 11.3).
    static func preferred(_ bytes: [UInt8]?, codeTable: UInt8?) -> String? {
        guard let bytes, codeTable == 1 else { return nil }
        let text = trimmed(bytes.filter { (0x20...0x7E).contains($0) || $0 >= 0xA0 })
        guard !text.isEmpty else { return nil }
        return String(String.UnicodeScalarView(text.map { Unicode.Scalar($0) }))
    }

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes[...]
        while rest.first == 0x20 { rest.removeFirst() }
        while rest.last == 0x20 { rest.removeLast() }
        return Array(rest)
    }
}
