import Testing

@testable import MagneticStripe

@Suite struct ServiceCodeTests {
    @Test(arguments: [("201", true), ("601", true), ("101", false), ("501", false)])
    func aFirstDigitOfTwoOrSixSaysChip(code: String, chip: Bool) throws {
        #expect(try #require(ServiceCode(code)).prefersChip == chip)
    }

    @Test(arguments: ["", "1", "20", "2011", "20A", "２０１"])
    func anythingButThreeDigitsIsRefused(code: String) {
        #expect(ServiceCode(code) == nil)
    }
}
