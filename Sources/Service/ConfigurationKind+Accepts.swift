import Hex
import Terminal

extension ConfigurationKind {
    /// Whether the text of a YAML scalar is a value of this kind.
    func accepts(_ text: String) -> Bool {
        switch self {
        case .text(let atMost):
            (1...atMost).contains(text.count) && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        case .digits(let range): range.contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        case .integer(let range): Int(text).map(range.contains) ?? false
        case .boolean: text == "true" || text == "false"
        case .choice(let choices): choices.contains(text)
        case .endpoint: Endpoint(text) != nil
        case .path: !text.isEmpty && !text.utf8.contains(0)
        case .hex(let bytes): [UInt8](hex: text)?.count == bytes
        case .list: false
        }
    }
}

extension ConfigurationKind.ListElement {
    func accepts(_ text: String) -> Bool {
        switch self {
        case .addressRange:
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            let isIPv6 = parts.first?.contains(":") ?? false
            guard parts.count <= 2, parts.first?.isEmpty == false else { return false }
            guard text.allSatisfy({ $0.isHexDigit || $0 == "." || $0 == ":" || $0 == "/" }) else { return false }
            return parts.count == 1 || Int(parts[1]).map { (0...(isIPv6 ? 128 : 32)).contains($0) } ?? false
        case .codeTable: return Int(text).map((1...10).contains) ?? false
        case .fingerprint: return [UInt8](hex: text)?.count == 32
        case .origin: return text.hasPrefix("https://") || text.hasPrefix("http://") || text == "null"
        case .name: return !text.isEmpty && text.utf8.count <= 253 && text.allSatisfy { $0.isLetter || $0.isNumber || ".-:".contains($0) }
        case .cardPrefix:
            return (1...12).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
                && !PaymentCardRanges.contains(prefix: text)
        }
    }
}

/// A host name or address with a port.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `HOST:PORT`; an IPv6 address stands in brackets.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (1...65535).contains(port) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { return nil }
        self.init(host: String(host), port: port)
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
