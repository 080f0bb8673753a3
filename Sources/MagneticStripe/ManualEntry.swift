import Keys

/// A card keyed by hand: its number and expiry, checked before anything is asked of the host.
public struct ManualEntry: Sendable {
    public enum Refusal: String, Error, Sendable, Hashable, CaseIterable {
        /// Not 12 to 19 digits.
        case length
        /// The check digit is wrong (ISO/IEC 7812-1, annex B).
        case checkDigit
        /// No month of a year.
        case expiry
        case expired
    }

    public let accountNumber: PAN
    public let expiry: ExpiryDate

    /// - Parameters:
    ///   - accountNumber: digits as typed; spaces and hyphens between them are left out.
    ///   - expiry: MMYY, as cards show it, or YYMM, as tracks have it. A year after 12 is no month, so it is clear which.
    ///   - year: the current year in full, and month.
    public init(accountNumber: SecretBytes, expiry: String, year: Int, month: Int) throws(Refusal) {
        let digits = accountNumber.withBytes { bytes in String(decoding: bytes.filter { $0 != 0x20 && $0 != 0x2D }, as: UTF8.self) }
        // Shorter numbers exist and are not issued for payment.
        guard digits.utf8.count >= 12, let pan = PAN(digits) else { throw .length }
        guard pan.passesLuhnCheck else { throw .checkDigit }
        guard let date = ExpiryDate(keyed: expiry) else { throw .expiry }
        guard !date.isPast(year: year, month: month) else { throw .expired }
        self.accountNumber = pan
        self.expiry = date
    }
}
