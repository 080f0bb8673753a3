import Devices
import Money

/// `LineItems`: what to change in the list that the cardholder sees.
public struct LineItemsChange: Sendable, Hashable {
    public enum Action: String, Sendable, CaseIterable { case set, add, remove, clear }

    public var action: Action
    public var items: [LineItem]
    /// Minor units; `nil` leaves what is shown.
    public var subtotal: Int64?
    public var tax: Int64?
    public var total: Int64?

    public init(_ action: Action, items: [LineItem] = [], subtotal: Int64? = nil, tax: Int64? = nil, total: Int64? = nil) {
        self.action = action
        self.items = items
        self.subtotal = subtotal
        self.tax = tax
        self.total = total
    }
}

/// The list as the cardholder sees it.
struct LineItemList: Sendable, Equatable {
    static let limit = 200

    private(set) var items: [LineItem] = []
    private(set) var subtotal: Int64?
    private(set) var tax: Int64?
    private(set) var total: Int64?

    var isEmpty: Bool { items.isEmpty && subtotal == nil && tax == nil && total == nil }

    /// - Returns: what is wrong with the change; nothing is changed then.
    mutating func apply(_ change: LineItemsChange) -> String? {
        var items = items
        switch change.action {
        case .set: items = change.items
        case .add: items += change.items
        case .remove:
            for item in change.items {
                // The whole line where it is given, else the last one of that description: a cashier takes back what was scanned last.
                let index = items.lastIndex(of: item) ?? items.lastIndex { $0.description == item.description }
                guard let index else { return "items: no such line" }
                items.remove(at: index)
            }
        case .clear:
            self = LineItemList()
            return nil
        }
        guard items.count <= Self.limit else { return "items: at most \(Self.limit) lines" }
        self.items = items
        subtotal = change.subtotal ?? (change.action == .set ? nil : subtotal)
        tax = change.tax ?? (change.action == .set ? nil : tax)
        total = change.total ?? (change.action == .set ? nil : total)
        return nil
    }

    func displayed(_ currency: Currency) -> DisplayedItems {
        func text(_ amount: Int64?) -> String? { amount.flatMap { Amount(minorUnits: $0, currency: currency)?.decimalText } }
        return DisplayedItems(
            lines: items.map {
                .init(description: $0.description, quantity: $0.quantity, unitPrice: text($0.unitPrice), amount: text($0.amount))
            }, subtotal: text(subtotal), tax: text(tax), total: text(total))
    }

    func message(_ texts: CardholderText, _ currency: Currency, screen: Int) -> DisplayMessage {
        let items = displayed(currency)
        let sum = items.total.map { "\n\(texts.text("items.total")) \(currency) \($0)" } ?? ""
        return DisplayMessage(
            .lineItems, text: texts.text("lineItems") + sum, content: .items(items), language: texts.language.rawValue, screen: screen)
    }
}
