/// A moment on the wall clock: milliseconds since 1970-01-01 UTC, leap seconds not counted (POSIX time).
public struct WallTime: Sendable, Hashable, Codable, Comparable {
    public var milliseconds: Int64
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (left: WallTime, right: WallTime) -> Bool { left.milliseconds < right.milliseconds }

    /// The calendar `offset` seconds east of UTC.
    public func calendar(offset: Int = 0) -> CalendarTime {
        CalendarTime(secondsSince1970: milliseconds.flooredQuotient(1000) &+ Int64(offset))
    }
}

/// A Gregorian date and time of day, as messages and receipts write them.
public struct CalendarTime: Sendable, Hashable {
    public let year: Int
    public let month: Int
    public let day: Int
    public let hour: Int
    public let minute: Int
    public let second: Int
    /// 1…366.
    public let dayOfYear: Int

    /// Proleptic Gregorian calendar, counted in eras of 400 years from 0000-03-01 (H. Hinnant, "chrono-compatible low-level date algorithms").
    init(secondsSince1970 seconds: Int64) {
        let days = seconds.flooredQuotient(86_400)
        let ofDay = Int(seconds - days * 86_400)
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let fromMarch = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * fromMarch + 2) / 153
        let month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        let year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
        self.year = year
        self.month = month
        day = Int(fromMarch - (153 * monthFromMarch + 2) / 5 + 1)
        hour = ofDay / 3600
        minute = ofDay / 60 % 60
        second = ofDay % 60
        let leap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month - 1]
        dayOfYear = before + (leap && month > 2 ? 1 : 0) + day
    }

    /// YYYYMMDD (`transactionDate`).
    public var dateText: String { year.digits(4) + month.digits(2) + day.digits(2) }
    /// hhmmss (`transactionTime`).
    public var timeText: String { hour.digits(2) + minute.digits(2) + second.digits(2) }
    /// YYMMDDhhmmss (ISO 8583 field 12).
    public var field12: String { (year % 100).digits(2) + month.digits(2) + day.digits(2) + timeText }
    /// MMDDhhmmss (ISO 8583 field 7).
    public var field7: String { month.digits(2) + day.digits(2) + timeText }
    /// For people: 2026-11-22 21:48:09.
    public var text: String {
        "\(year.digits(4))-\(month.digits(2))-\(day.digits(2)) \(hour.digits(2)):\(minute.digits(2)):\(second.digits(2))"
    }
}

extension Int {
    /// Decimal, with zeros in front up to `width`.
    func digits(_ width: Int) -> String {
        let text = String(self)
        return String(repeating: "0", count: Swift.max(0, width - text.utf8.count)) + text
    }
}

extension Int64 {
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
