import Hex
import SmartCard

/// Names a card gives its application, made safe to show.
enum ApplicationName {
    /// 50: printable characters of ISO/IEC 8859's common part; `nil` when nothing is left.
    static func label(_ bytes: [UInt8]?) -> String? {
        guard let bytes else { return nil }
        let text = trimmed(bytes.filter { (0x20...0x7E).contains($0) })
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }

    /// 9F12 in the code table that 9F11 names; `nil` when 9F40 does not claim that table (EMV 4.4 Book 1, 12.4; Book 4, 11). What the table leaves
    /// undefined, and what would turn the direction of writing, is left out.
    static func preferred(_ bytes: [UInt8]?, codeTable: UInt8?, capabilities: AdditionalTerminalCapabilities) -> String? {
        guard let bytes, let codeTable, let table = IssuerCodeTable(index: codeTable),
            capabilities.contains(.codeTable(table.part))
        else { return nil }
        let scalars = trimmed(bytes).compactMap { table.scalar($0) }.filter { $0.properties.generalCategory != .format }
        return scalars.isEmpty ? nil : String(String.UnicodeScalarView(scalars))
    }

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes[...]
        while rest.first == 0x20 { rest.removeFirst() }
        while rest.last == 0x20 { rest.removeLast() }
        return Array(rest)
    }
}
