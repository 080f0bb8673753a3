/// The place behind which a page begins: opaque to whoever asks.
struct PageCursor: Sendable, Hashable {
    /// YYYYMMDD, when the page is ordered by date.
    var date: String?
    var number: Int64

    init(date: String?, number: Int64) {
        self.date = date
        self.number = number
    }

    /// `journal.badCursor` when `text` is none of `text`'s, or of a query ordered otherwise.
    init(_ text: String, ordersByDate: Bool) throws(JournalError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == (ordersByDate ? 2 : 1), let number = parts.last.flatMap({ Int64($0) }), number > 0, text.utf8.count <= 40
        else {
            throw JournalError(.badCursor, "The cursor is none of this journal's for these fields.")
        }
        self.number = number
        date = ordersByDate ? parts.first.map(String.init) : nil
    }

    var text: String { (date.map { $0 + "-" } ?? "") + String(number) }
}

extension TransactionQuery {
    static let largestPage = 200

    var ordersByDate: Bool { from != nil || to != nil }

    var pageSize: Int { min(max(limit, 1), Self.largestPage) }

    func place() throws(JournalError) -> PageCursor? {
        try cursor.map { text throws(JournalError) in try PageCursor(text, ordersByDate: ordersByDate) }
    }
}
