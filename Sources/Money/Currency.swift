/// A currency of ISO 4217: numeric code as ISO 8583 fields 49/50 and EMV tag 5F2A carry it, alphabetic code, minor unit exponent (EMV 5F36).
public struct Currency: Hashable, Sendable, Codable, CustomStringConvertible {
    /// 1…999; "840" for the US dollar.
    public let numericCode: Int
    public let alphabeticCode: String
    /// Digits behind the decimal point: 2 for dollars and euros, 0 for yen, 3 for dinars.
    public let exponent: Int

    public init(numericCode: Int, alphabeticCode: String, exponent: Int) {
        self.numericCode = numericCode
        self.alphabeticCode = alphabeticCode
        self.exponent = exponent
    }

    /// Looks an alphabetic code up in the table below.
    public init?(_ alphabeticCode: String) {
        guard let found = Self.table.first(where: { $0.alphabeticCode == alphabeticCode.uppercased() }) else { return nil }
        self = found
    }

    public init?(numericCode: Int) {
        guard let found = Self.table.first(where: { $0.numericCode == numericCode }) else { return nil }
        self = found
    }

    public var description: String { alphabeticCode }

    /// ISO 4217 list one, the currencies in which card terminals are commonly operated.
    public static let table: [Currency] = [
        .init(numericCode: 36, alphabeticCode: "AUD", exponent: 2), .init(numericCode: 48, alphabeticCode: "BHD", exponent: 3),
        .init(numericCode: 124, alphabeticCode: "CAD", exponent: 2), .init(numericCode: 152, alphabeticCode: "CLP", exponent: 0),
        .init(numericCode: 156, alphabeticCode: "CNY", exponent: 2), .init(numericCode: 203, alphabeticCode: "CZK", exponent: 2),
        .init(numericCode: 208, alphabeticCode: "DKK", exponent: 2), .init(numericCode: 344, alphabeticCode: "HKD", exponent: 2),
        .init(numericCode: 348, alphabeticCode: "HUF", exponent: 2), .init(numericCode: 352, alphabeticCode: "ISK", exponent: 0),
        .init(numericCode: 356, alphabeticCode: "INR", exponent: 2), .init(numericCode: 376, alphabeticCode: "ILS", exponent: 2),
        .init(numericCode: 392, alphabeticCode: "JPY", exponent: 0), .init(numericCode: 400, alphabeticCode: "JOD", exponent: 3),
        .init(numericCode: 410, alphabeticCode: "KRW", exponent: 0), .init(numericCode: 414, alphabeticCode: "KWD", exponent: 3),
        .init(numericCode: 484, alphabeticCode: "MXN", exponent: 2), .init(numericCode: 512, alphabeticCode: "OMR", exponent: 3),
        .init(numericCode: 554, alphabeticCode: "NZD", exponent: 2), .init(numericCode: 578, alphabeticCode: "NOK", exponent: 2),
        .init(numericCode: 682, alphabeticCode: "SAR", exponent: 2), .init(numericCode: 702, alphabeticCode: "SGD", exponent: 2),
        .init(numericCode: 710, alphabeticCode: "ZAR", exponent: 2), .init(numericCode: 752, alphabeticCode: "SEK", exponent: 2),
        .init(numericCode: 756, alphabeticCode: "CHF", exponent: 2), .init(numericCode: 784, alphabeticCode: "AED", exponent: 2),
        .init(numericCode: 788, alphabeticCode: "TND", exponent: 3), .init(numericCode: 826, alphabeticCode: "GBP", exponent: 2),
        .init(numericCode: 840, alphabeticCode: "USD", exponent: 2), .init(numericCode: 949, alphabeticCode: "TRY", exponent: 2),
        .init(numericCode: 978, alphabeticCode: "EUR", exponent: 2), .init(numericCode: 985, alphabeticCode: "PLN", exponent: 2),
        .init(numericCode: 986, alphabeticCode: "BRL", exponent: 2),
    ]
}
