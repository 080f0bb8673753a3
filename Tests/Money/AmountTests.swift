import Money
import Testing

struct AmountTests {
    private let dollar = Currency(numericCode: 840, alphabeticCode: "USD", exponent: 2)

    @Test("Amounts stay inside n12 and never go negative")
    func bounds() throws {
        #expect(Amount(minorUnits: -1, currency: dollar) == nil)
        #expect(Amount(minorUnits: Amount.largest + 1, currency: dollar) == nil)
        let largest = try #require(Amount(minorUnits: Amount.largest, currency: dollar))
        let one = try #require(Amount(minorUnits: 1, currency: dollar))
        #expect(largest.adding(one) == nil)
        #expect(one.subtracting(largest) == nil)
        #expect(largest.subtracting(one)?.minorUnits == Amount.largest - 1)
    }

    @Test("Two currencies never mix")
    func currencies() throws {
        let euro = try #require(Currency("EUR"))
        #expect(Amount.zero(dollar).adding(.zero(euro)) == nil)
    }

    @Test(
        "The decimal text follows the currency's exponent",
        arguments: [("USD", 5, "0.05"), ("USD", 123_456, "1234.56"), ("JPY", 500, "500"), ("KWD", 1, "0.001")])
    func text(code: String, minorUnits: Int64, expected: String) throws {
        let currency = try #require(Currency(code))
        #expect(Amount(minorUnits: minorUnits, currency: currency)?.decimalText == expected)
    }
}
