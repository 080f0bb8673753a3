import Testing

@testable import Keys

@Suite("The account of the POS protocol")
struct AccountMaskTests {
    private let mask: AccountMask

    init() throws { mask = try SiteKeys(root: SecretBytes(0..<32)).accountMask }

    /// Seeded, so that a failure can be repeated.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    @Test("Same length, true first six and last four, fails Luhn, is not the PAN: for thousands of PANs of every length")
    func properties() throws {
        var generator = Seeded(state: 1)
        for length in 8...19 {
            for _ in 0..<300 {
                let digits = String((0..<length).map { _ in Character(String(Int.random(in: 0...9, using: &generator))) })
                let pan = try #require(PAN(digits))
                let account = mask.formatPreserving(pan, batchNumber: 7)
                #expect(account.count == length)
                #expect(account.allSatisfy { $0.isNumber })
                #expect(account.hasSuffix(pan.lastFour))
                #expect(account.hasPrefix(length >= 13 ? pan.firstSix : String(pan.firstSix.prefix(length - 8))))
                #expect(!passesLuhn(account))
                #expect(pan.withDigits { $0 != account })
            }
        }
    }

    @Test("One card gives one account within a batch, another in the next, and another under another key")
    func stability() throws {
        let pan = try #require(PAN("4761739001010119"))
        let first = mask.formatPreserving(pan, batchNumber: 1)
        #expect(mask.formatPreserving(pan, batchNumber: 1) == first)
        #expect(mask.formatPreserving(pan, batchNumber: 2) != first)
        let other = try SiteKeys(root: SecretBytes(1..<33)).accountMask
        #expect(other.formatPreserving(pan, batchNumber: 1) != first)
    }

    @Test("Cards that share first six and last four get different accounts")
    func distinguishes() throws {
        let accounts = try (0..<200).map { number in
            let middle = String(100_000 + number * 37)
            return mask.formatPreserving(try #require(PAN("476173\(middle)0119")), batchNumber: 1)
        }
        #expect(Set(accounts).count == 200)
    }

    @Test("Manual entry masks the middle with *")
    func manual() throws {
        #expect(AccountMask.maskedManual(try #require(PAN("4761739001010119"))) == "476173******0119")
        #expect(AccountMask.maskedManual(try #require(PAN("4222222222222"))) == "422222***2222")
        #expect(AccountMask.maskedManual(try #require(PAN("12345678"))) == "****5678")
        #expect(AccountMask.maskedManual(try #require(PAN("1234567890"))) == "12****7890")
    }

    @Test("The card hash is the same for the same card, and keyed")
    func cardHash() throws {
        let keys = try SiteKeys(root: SecretBytes(0..<32))
        let other = try SiteKeys(root: SecretBytes(1..<33))
        let pan = try #require(PAN("4761739001010119"))
        #expect(try keys.cardHash(of: pan) == keys.cardHash(of: pan))
        #expect(try keys.cardHash(of: pan) != other.cardHash(of: pan))
        #expect(try keys.cardHash(of: pan) != keys.cardHash(of: #require(PAN("4761739001010010"))))
        #expect(try CardHash(bytes: keys.cardHash(of: pan).bytes) == keys.cardHash(of: pan))
        #expect(CardHash(bytes: [1, 2]) == nil)
    }
}
