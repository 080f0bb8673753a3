/// What becomes of the wish that a SALE has a tip.
enum TipQuestion: Sendable, Hashable {
    case none
    /// The cardholder chooses before the card.
    case asked
    /// Nobody can be asked: the receipt has lines for a tip and the new total (`TIP_ADJUST` follows).
    case onReceipt
}

/// What the parameters say of tips and tax (pos-protocol, section 6). Percentages are hundredths of a percent, amounts minor units; halves go up.
struct TipRules: Sendable, Hashable {
    /// TIP.
    var asksAlways = false
    /// STATICTIP.
    var staticPercent = 0
    /// TIPCHOICES, whole percentages.
    var choices: [Int] = []
    /// TIPEXCEED; 0: never.
    var confirmAbove = 0
    /// TAXPERCENT.
    var taxPercent = 0

    init() {}

    init(_ parameters: TerminalParameters) {
        asksAlways = parameters.flag("TIP")
        staticPercent = parameters.hundredths("STATICTIP")
        choices = (parameters["TIPCHOICES"] ?? "").split(separator: ",").compactMap { Int($0) }
        confirmAbove = parameters.hundredths("TIPEXCEED")
        taxPercent = parameters.hundredths("TAXPERCENT")
    }

    /// The request's own TIP wins over the parameter. A card on file has nobody beside it.
    func question(for request: TransactionRequest, entry: TransactionMachine.Entry, asking: Bool) -> TipQuestion {
        let isWanted = request.parameters["TIP"].map { $0 == "1" } ?? asksAlways
        guard isWanted, entry == .card else { return .none }
        return asking ? .asked : .onReceipt
    }

    func staticTip(on amount: Int64) -> Int64? { staticPercent > 0 ? Self.part(amount, staticPercent, of: 10_000) : nil }

    /// The tip of one of the choices.
    func tip(_ percent: Int, on amount: Int64) -> Int64 { Self.part(amount, percent, of: 100) }

    /// Whether the cardholder must confirm it.
    func exceeds(_ tip: Int64, on amount: Int64) -> Bool {
        guard confirmAbove > 0 else { return false }
        let (left, overflow) = tip.multipliedReportingOverflow(by: 10_000)
        return overflow || left > Self.largest(amount) * Int64(confirmAbove)
    }

    /// Tax is included in the amount: of a price with 8 % tax it is 8/108.
    func tax(of request: TransactionRequest) -> Int64? {
        if let tax = request.taxAmount { return tax }
        guard taxPercent > 0, request.taxExempt != true, let amount = request.requestedAmount else { return nil }
        switch request.type {
        case .sale, .authorization, .completion, .refund, .force: return Self.part(amount, taxPercent, of: 10_000 + taxPercent)
        default: return nil
        }
    }

    private static func part(_ amount: Int64, _ share: Int, of whole: Int) -> Int64 {
        (largest(amount) * Int64(share) * 2 + Int64(whole)) / (Int64(whole) * 2)
    }

    /// Within n12 nothing here overflows: 10^12 · 10^4 · 2.
    private static func largest(_ amount: Int64) -> Int64 { min(max(0, amount), 999_999_999_999) }
}
