/// One parameter that the POS may read and set (pos-protocol, section 6), with everything that checks, defaults and documents it.
public struct ParameterDefinition: Sendable {
    public enum Kind: Sendable, Hashable {
        /// Printable ASCII, at most so many characters; may be empty.
        case text(atMost: Int)
        case flag
        case integer(ClosedRange<Int64>)
        /// Digits with at most two after a point, from 0 up to this many hundredths.
        case percent(atMost: Int)
        /// One to four whole percentages separated by commas.
        case percentages
        /// A time of day, `hhmm`.
        case timeOfDay
        /// A time of day, `hhmm`, or empty for never.
        case timeOfDayOrNever
    }

    public let key: String
    public let kind: Kind
    /// The value while nobody has set one.
    public let standard: String
    /// Whether changing it needs loopback or a client certificate (section 1).
    public let isSecurity: Bool
    public let meaning: String

    init(_ key: String, _ kind: Kind, _ standard: String, security: Bool = false, _ meaning: String) {
        self.key = key
        self.kind = kind
        self.standard = standard
        isSecurity = security
        self.meaning = meaning
    }

    /// The value as it is stored, or `nil` for one that is not of the kind. An empty value is the standard one, except for a text.
    func normalised(_ value: String) -> String? {
        if value.isEmpty { return standard }
        switch kind {
        case .text(let atMost): return value.utf8.count <= atMost && value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) ? value : nil
        case .flag: return value == "0" || value == "1" ? value : nil
        case .integer(let range):
            guard Self.isDigits(value), let number = Int64(value), range.contains(number) else { return nil }
            return String(number)
        case .percent(let atMost): return Self.hundredths(value).flatMap { $0 <= atMost ? value : nil }
        case .percentages:
            let parts = value.split(separator: ",", omittingEmptySubsequences: false)
            guard (1...4).contains(parts.count), parts.allSatisfy({ Self.isDigits($0) && Int($0).map((1...100).contains) == true }) else {
                return nil
            }
            return value
        case .timeOfDay, .timeOfDayOrNever:
            guard Self.isDigits(value), value.utf8.count == 4, let number = Int(value), number / 100 < 24, number % 100 < 60 else {
                return nil
            }
            return value
        }
    }

    /// What a value may be, for people.
    public var rule: String {
        switch kind {
        case .text(let atMost): "up to \(atMost) printable ASCII characters"
        case .flag: "0 or 1"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .percent(let atMost): "a percentage from 0 to \(atMost / 100) with up to two digits after the point"
        case .percentages: "one to four whole percentages from 1 to 100, separated by commas"
        case .timeOfDay: "a time of day, hhmm"
        case .timeOfDayOrNever: "a time of day, hhmm, or empty"
        }
    }

    private static func isDigits(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// `8.25` is 825.
    static func hundredths(_ text: String) -> Int? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, isDigits(whole), whole.utf8.count <= 3, let units = Int(whole) else { return nil }
        guard parts.count == 2 else { return units * 100 }
        let fraction = parts[1]
        guard isDigits(fraction), fraction.utf8.count <= 2, let digits = Int(fraction) else { return nil }
        return units * 100 + (fraction.utf8.count == 1 ? digits * 10 : digits)
    }
}

extension ParameterDefinition {
    private static let largestAmount: Int64 = 999_999_999_999

    /// Every known parameter. The first ten are the Payment Terminal Application's; the others are ours.
    public static let all: [ParameterDefinition] = [
        .init("HWVENDORID", .text(atMost: 32), "", "Id of the POS's maker; kept for the POS and its support, and told to the host."),
        .init(
            "TAXPERCENT", .percent(atMost: 10_000), "0.00",
            "Tax included in the amount when the POS gives none, for host and receipt; 0: none."),
        .init(
            "STATICTIP", .percent(atMost: 10_000), "0.00",
            "Tip added to every SALE without one where none is asked for, in percent; 0: none."),
        .init(
            "TIPEXCEED", .percent(atMost: 10_000), "0.00",
            "A tip chosen at the terminal that is more than this percentage must be confirmed there; 0: never."),
        .init("LANG", .integer(0...2), "0", "Language of cardholder and cashier texts: 0 English, 1 French, 2 Spanish."),
        .init("ENGVAR", .integer(0...1), "0", "Variety of English in these texts and on receipts: 0 American, 1 British."),
        .init("NUMLOGDAYS", .integer(1...365), "1", "Days that log files are kept, besides today."),
        .init("NUMBATCHSAVEDAYS", .integer(1...3650), "5", "Days that settled batches are kept."),
        .init("NUMDAYSAUTH", .integer(1...30), "7", "Days that open authorizations are kept before they are released."),
        .init(
            "TIP", .flag, "0",
            "Asks the cardholder of every SALE with a card for a tip; the request's own TIP wins. Where no display can ask, the receipt has a line for it."
        ),
        .init("TIPCHOICES", .percentages, "15,18,20", "Tips offered to the cardholder, in percent."),
        .init("CARDTIMEOUT", .integer(5...60), "60", "Seconds to wait for a card."),
        .init("CARDHOLDERTIMEOUT", .integer(5...75), "75", "Seconds for all that the cardholder does."),
        .init("HOSTTIMEOUT", .integer(5...30), "30", "Seconds from the end of the card phase to the host's answer."),
        .init("SAFENABLED", .flag, "0", security: true, "Approves offline while the host cannot be reached."),
        .init("SAFAMOUNTLIMIT", .integer(0...largestAmount), "5000", security: true, "Largest amount approved offline, in minor units."),
        .init("SAFCOUNTLIMIT", .integer(0...1000), "20", security: true, "Most transactions waiting to be sent."),
        .init(
            "SAFTOTALLIMIT", .integer(0...largestAmount), "50000", security: true,
            "Largest sum of the transactions waiting, in minor units."),
        .init(
            "SAFHOURS", .integer(1...168), "48", security: true, "Hours after which a transaction waiting stops further offline approvals."),
        .init(
            "REFUNDLIMIT", .integer(0...largestAmount), "50000", security: true,
            "Largest REFUND with a card and without an original, in minor units; 0: none is allowed."),
        .init(
            "REFUNDDAYLIMIT", .integer(0...largestAmount), "200000", security: true,
            "Largest sum of such refunds in one day, in minor units."),
        .init(
            "SETTLETIME", .timeOfDayOrNever, "", security: true,
            "Local time at which the batch is closed and settled by itself, every day, as soon as nothing runs; empty: only SETTLEMENT does."
        ),
        .init("RESTARTTIME", .timeOfDay, "0300", security: true, "Local time of the daily restart."),
    ]

    static let byKey = Dictionary(all.map { ($0.key, $0) }) { first, _ in first }
}
