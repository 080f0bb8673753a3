/// Where a dialect puts what the editions of ISO 8583 put into different fields. Field numbers are of the dialect's own table; `nil`: the
/// dialect says it nowhere.
public struct Placement: Sendable, Hashable {
    /// The terminal's date and time: by field, which parts of it. 1993: all in 12; 1987: the time in 12, the date in 13.
    public var localDateTime: [Int: DateTimePattern]
    /// Four digits, ISO 18245. 1993: 26; 1987: 18.
    public var merchantCategory: Int?
    /// What is asked with a message. 1993: 24; 1987 says it by message type alone.
    public var functionCode: Int?
    /// What is asked with a network message. 1993: 24; 1987: 70.
    public var networkFunction: Int
    /// Why a reversal is sent. 1993: 25; 1987: 39.
    public var reasonCode: Int?
    /// Amount asked for, where another is answered (`OriginalAmounts`). 1993: 30.
    public var originalAmounts: Int?
    /// The day a batch belongs to. 1993: 28, YYMMDD; 1987: 15, MMDD.
    public var reconciliationDate: DateField
    /// Key of a PIN, or of it and the PIN (`SecurityData`). 1993: 53; `nil`: no online PIN.
    public var securityData: Int?
    /// Which message a reversal follows. 1993: 56; 1987: 90.
    public var originalDataElements: OriginalDataElements.Layout

    /// A field and what it tells of a date.
    public struct DateField: Sendable, Hashable {
        public var field: Int
        public var pattern: DateTimePattern
    }

    init(_ reader: DialectReader, _ fields: [Int: FieldDefinition]) throws(ISO8583Error) {
        try reader.allow([
            "localDateTime", "merchantCategory", "functionCode", "networkFunction", "reasonCode", "originalAmounts", "originalDataElements",
            "reconciliationDate", "securityData",
        ])
        func field(_ key: String) throws(ISO8583Error) -> Int? {
            guard let number = try reader.number(key, in: 2...128) else { return nil }
            guard fields[number] != nil else { throw reader.error(key, "\(number) is not in the field table") }
            return number
        }
        localDateTime = try Self.patterns(reader.mapping("localDateTime"), fields)
        merchantCategory = try field("merchantCategory")
        functionCode = try field("functionCode")
        guard let networkFunction = try field("networkFunction") else { throw reader.error("networkFunction", "is missing") }
        self.networkFunction = networkFunction
        reasonCode = try field("reasonCode")
        originalAmounts = try field("originalAmounts")
        securityData = try field("securityData")
        let dates = try Self.patterns(reader.mapping("reconciliationDate"), fields)
        guard let date = dates.first, dates.count == 1 else { throw reader.error("reconciliationDate", "must be one field") }
        reconciliationDate = DateField(field: date.key, pattern: date.value)
        let original = try reader.mapping("originalDataElements")
        guard let key = original.keys.first, original.keys.count == 1, let number = Int(key), fields[number] != nil else {
            throw reader.error("originalDataElements", "must be one field of the field table")
        }
        originalDataElements = .init(field: number, parts: try original.choices(key))
    }

    private static func patterns(
        _ table: DialectReader, _ fields: [Int: FieldDefinition]
    ) throws(ISO8583Error) -> [Int: DateTimePattern] {
        var patterns: [Int: DateTimePattern] = [:]
        for key in table.keys {
            guard let number = Int(key), let definition = fields[number] else { throw table.error(key, "is not in the field table") }
            guard let pattern = DateTimePattern(try table.text(key)) else {
                throw table.error(key, "must be made of YY, MM, DD, hh, mm, ss")
            }
            guard definition.maximum == pattern.width else { throw table.error(key, "is not as long as the field") }
            patterns[number] = pattern
        }
        return patterns
    }
}
