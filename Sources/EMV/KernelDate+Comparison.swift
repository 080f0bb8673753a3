extension KernelDate: Comparable {
    /// YYMMDD, format n 6; `nil` for a month or day that no calendar has, which is a format error (EMV 4.4 Book 3, 7.5).
    public init?(numeric bytes: [UInt8]) {
        guard bytes.count == 3, let number = NumericCoding.value(bytes) else { return nil }
        let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100)
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        // EMV 4.4 Book 4, 6.7.3
        self.init(year: year < 50 ? 2000 + year : 1900 + year, month: month, day: day)
    }

    /// 9A.
    public var numeric: [UInt8] { [year, month, day].flatMap { NumericCoding.bytes(Int64($0 % 100), count: 1) } }

    public static func < (left: KernelDate, right: KernelDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }
}
