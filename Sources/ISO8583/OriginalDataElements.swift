/// Which message this one follows: field 56 (ISO 8583:1993, 4.4.6) or 90 (ISO 8583:1987). The parts and their order are dialect data.
public struct OriginalDataElements: Sendable, Hashable {
    /// MTI as first sent.
    public var mti: String
    /// Six digits.
    public var stan: String
    /// Date and time of the original at the terminal, YYMMDDhhmmss; empty where the layout has none.
    public var localDateTime: String
    /// Field 7 of the original, MMDDhhmmss; empty where the layout has none.
    public var transmissionDateTime: String
    /// Field 32 of the original, up to eleven digits.
    public var acquirer: String

    /// What stands in the field, in order.
    public enum Part: String, Sendable, Hashable, CaseIterable {
        /// n4.
        case messageType
        /// n6.
        case traceNumber
        /// n12, YYMMDDhhmmss.
        case localDateTime
        /// n10, MMDDhhmmss.
        case transmissionDateTime
        /// Two length digits and n..11.
        case acquirer
        /// n11 with leading zeros; all zeros when there is none. Leading zeros are no part of the value.
        case acquirerFilled
        /// n11, all zeros: nobody forwards between terminal and acquirer. What another puts there is not kept.
        case forwarderFilled

        /// Digits; `nil` when a length says it.
        var width: Int? {
            switch self {
            case .messageType: 4
            case .traceNumber: 6
            case .localDateTime: 12
            case .transmissionDateTime: 10
            case .acquirer: nil
            case .acquirerFilled, .forwarderFilled: 11
            }
        }
    }

    public struct Layout: Sendable, Hashable {
        public var field: Int
        public var parts: [Part]

        public init(field: Int, parts: [Part]) {
            self.field = field
            self.parts = parts
        }

        /// Field 56 of the 1993 edition.
        public static let edition1993 = Layout(field: 56, parts: [.messageType, .traceNumber, .localDateTime, .acquirer])
    }

    public init(mti: String, stan: String, localDateTime: String, transmissionDateTime: String = "", acquirer: String) {
        self.mti = mti
        self.stan = stan
        self.localDateTime = localDateTime
        self.transmissionDateTime = transmissionDateTime
        self.acquirer = acquirer
    }

    public init(_ text: String, layout: Layout = .edition1993) throws(ISO8583Error) {
        self.init(mti: "", stan: "", localDateTime: "", acquirer: "")
        let name = String(layout.field)
        var rest = Array(text.utf8)[...]
        guard rest.allSatisfy(isDigit) else { throw ISO8583Error(.malformed, name, "is not digits") }
        func take(_ width: Int, _ field: String) throws(ISO8583Error) -> String {
            guard rest.count >= width else { throw ISO8583Error(.malformed, field, "is cut short") }
            defer { rest = rest.dropFirst(width) }
            return String(decoding: rest.prefix(width), as: UTF8.self)
        }
        for (index, part) in layout.parts.enumerated() {
            let width: Int
            if let fixed = part.width {
                width = fixed
            } else {
                guard let length = Int(try take(2, name)), length <= 11, rest.count >= length else {
                    throw ISO8583Error(.malformed, "\(name).\(index + 1)", "its length is wrong")
                }
                width = length
            }
            let value = try take(width, name)
            switch part {
            case .messageType: mti = value
            case .traceNumber: stan = value
            case .localDateTime: localDateTime = value
            case .transmissionDateTime: transmissionDateTime = value
            case .acquirer: acquirer = value
            case .acquirerFilled: acquirer = String(value.drop { $0 == "0" })
            case .forwarderFilled: break
            }
        }
        guard rest.isEmpty else { throw ISO8583Error(.malformed, "\(name).\(layout.parts.count)", "its length is wrong") }
    }

    public func text(layout: Layout = .edition1993) throws(ISO8583Error) -> String {
        var text = ""
        for (index, part) in layout.parts.enumerated() {
            guard let value = digits(of: part) else {
                throw ISO8583Error(.unencodable, "\(layout.field)", "part \(index + 1) is not \(part.rawValue)")
            }
            text += value
        }
        return text
    }

    private func digits(of part: Part) -> String? {
        let value =
            switch part {
            case .messageType: mti
            case .traceNumber: stan
            case .localDateTime: localDateTime
            case .transmissionDateTime: transmissionDateTime
            case .acquirer, .acquirerFilled: acquirer
            case .forwarderFilled: ""
            }
        let count = value.utf8.count
        guard value.utf8.allSatisfy(isDigit) else { return nil }
        switch part {
        case .acquirer:
            guard count <= 11, let length = Digits.text(count, 2) else { return nil }
            return length + value
        case .acquirerFilled, .forwarderFilled:
            return count <= 11 ? String(repeating: "0", count: 11 - count) + value : nil
        case .messageType, .traceNumber, .localDateTime, .transmissionDateTime: return count == part.width ? value : nil
        }
    }
}
