import ISO8583
import Money

/// What follows up an exchange: advices, reversals and the reconciliation of a batch.
extension DialectMapping {
    func message(for request: AdviceRequest) throws(ISO8583Error) -> Message {
        var message = try base(
            request.exchange.mti, request.exchange, isRepeat: request.isRepeat, request.processingCode, request.amount,
            pointOfService(request.entryMode, request.authentication, isCardPresent: request.card?.isPresent ?? true))
        setMerchant(in: &message)
        if let field = dialect.placement.functionCode { message.set(field, request.functionCode) }
        if let reason = request.reason { setReason(reason.rawValue, in: &message) }
        var elements = try common(request.batchNumber)
        if let card = request.card { setCard(card, request.entryMode, in: &message, &elements) }
        message.set(
            54,
            try additionalAmounts(
                [("tip", request.tip), ("cashback", request.cashback), ("surcharge", request.surcharge), ("tax", request.tax)],
                request.processingCode))
        message.set(38, request.approvalCode)
        if let original = request.original { try setOriginal(original, in: &message) }
        try setOriginalAmount(request.originalAmount, request.amount, in: &message)
        elements["09"] = request.invoice
        elements["10"] = request.reference
        elements["11"] = request.marker
        message.set(48, try elements.text())
        return message
    }

    func message(for request: ReversalRequest) throws(ISO8583Error) -> Message {
        var message = try base(
            request.exchange.mti, request.exchange, isRepeat: request.isRepeat, request.processingCode, request.amount,
            pointOfService(request.entryMode, .notAuthenticated))
        if let field = dialect.placement.functionCode { message.set(field, dialect.functionCodes["reversal"]) }
        setReason(request.reason.rawValue, in: &message)
        message.set(38, request.approvalCode)
        message.set(55, bytes: request.iccData.flatMap { $0.isEmpty ? nil : $0 })
        try setOriginal(request.original, in: &message)
        try setOriginalAmount(request.originalAmount, request.amount, in: &message)
        message.set(48, try common(request.batchNumber).text())
        return message
    }

    func message(for request: ReconciliationRequest) throws(ISO8583Error) -> Message {
        var message = Message(mti: try messageType(request.exchange.mti, isRepeat: request.isRepeat))
        try setExchange(request.exchange, in: &message)
        if let field = dialect.placement.functionCode { message.set(field, dialect.functionCodes["reconciliation"]) }
        let date = dialect.placement.reconciliationDate
        guard let text = date.pattern.text(of: request.reconciliationDate + "000000") else {
            throw ISO8583Error(.unencodable, String(date.field), "is not YYMMDD")
        }
        message.set(date.field, text)
        message.set(50, Digits.text(request.currency.numericCode, 3))
        let totals = request.totals
        for (number, count) in [
            (74, totals.creditsCount), (75, totals.creditsReversedCount), (76, totals.debitsCount), (77, totals.debitsReversedCount),
        ] { message.set(number, try digits(count, 10, number)) }
        for (number, amount) in [
            (86, totals.creditsAmount), (87, totals.creditsReversedAmount), (88, totals.debitsAmount), (89, totals.debitsReversedAmount),
        ] { message.set(number, try digits(amount, 16, number)) }
        message.set(97, try NetAmount.text(-totals.net))
        message.set(48, try common(request.batchNumber).text())
        return message
    }

    private func setReason(_ reason: String, in message: inout Message) {
        guard let field = dialect.placement.reasonCode else { return }
        message.set(field, dialect.reasonCodes[reason] ?? reason)
    }

    private func digits(_ number: some BinaryInteger, _ width: Int, _ field: Int) throws(ISO8583Error) -> String {
        guard let text = Digits.text(number, width) else { throw ISO8583Error(.unencodable, String(field), "is not n\(width)") }
        return text
    }
}

extension HostCard {
    /// Whether the card itself is there; a card on file is not.
    var isPresent: Bool {
        switch self {
        case .clear, .encrypted: true
        case .token: false
        }
    }
}
