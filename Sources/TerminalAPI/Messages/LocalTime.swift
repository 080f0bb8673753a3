import Glibc

/// Time as RFC 3339 writes it, in the machine's time zone.
enum LocalTime {
    /// `2026-01-31T23:59:59+01:00`
    static func rfc3339(_ unixTime: Int64) -> String {
        var seconds = time_t(unixTime)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return "1970-01-01T00:00:00Z" }
        let offset = parts.tm_gmtoff / 60
        let date = "\(digits(Int(parts.tm_year) + 1900, 4))-\(digits(Int(parts.tm_mon) + 1))-\(digits(Int(parts.tm_mday)))"
        let time = "\(digits(Int(parts.tm_hour))):\(digits(Int(parts.tm_min))):\(digits(Int(parts.tm_sec)))"
        guard offset != 0 else { return "\(date)T\(time)Z" }
        return "\(date)T\(time)\(offset < 0 ? "-" : "+")\(digits(abs(offset) / 60)):\(digits(abs(offset) % 60))"
    }

    private static func digits(_ number: Int, _ width: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
