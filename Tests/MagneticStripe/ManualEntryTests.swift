import Keys
import Testing

@testable import MagneticStripe

@Suite("Manual entry")
struct ManualEntryTests {
    private func refusal(_ number: String, _ expiry: String, year: Int = 2026, month: Int = 11) -> ManualEntry.Refusal? {
        do throws(ManualEntry.Refusal) {
            _ = try ManualEntry(accountNumber: SecretBytes(number.utf8), expiry: expiry, year: year, month: month)
            return nil
        } catch {
            return error
        }
    }

    @Test("a right number that has not expired is taken, with or without spaces")
    func taken() throws {
        let entry = try ManualEntry(accountNumber: SecretBytes("4761 7390 0101-0119".utf8), expiry: "1139", year: 2026, month: 11)
        #expect(entry.accountNumber.withDigits { $0 } == "4761739001010119")
        #expect(entry.expiry.yymm == "3911")
        #expect(refusal("4761739001010119", "1126") == nil)
        // As tracks have it.
        let track = try ManualEntry(accountNumber: SecretBytes("4761739001010119".utf8), expiry: "3911", year: 2026, month: 11)
        #expect(track.expiry.yymm == "3911")
    }

    @Test("a wrong check digit, length, month or a card that has expired is refused")
    func refused() {
        #expect(refusal("4761739001010118", "1139") == .checkDigit)
        #expect(refusal("47617390010", "1139") == .length)
        #expect(refusal("47617390010101190000", "1139") == .length)
        #expect(refusal("4761739001010119x", "1139") == .length)
        #expect(refusal("4761739001010119", "1339") == .expiry)
        #expect(refusal("4761739001010119", "3913") == .expiry)
        #expect(refusal("4761739001010119", "2610") == .expired)
        #expect(refusal("4761739001010119", "0039") == .expiry)
        #expect(refusal("4761739001010119", "11390") == .expiry)
        #expect(refusal("4761739001010119", "1026") == .expired)
        #expect(refusal("4761739001010119", "1225") == .expired)
    }

    @Test("an expiry is good through its month, over the end of a century too")
    func expiry() throws {
        let date = try #require(ExpiryDate(yymm: "0001"))
        #expect(!date.isPast(year: 2099, month: 12))
        #expect(!date.isPast(year: 2000, month: 1))
        #expect(date.isPast(year: 2000, month: 2))
        #expect(ExpiryDate(yymm: "0000") == nil)
        #expect(ExpiryDate(yymm: "１２０１") == nil)
    }
}
