import ISO8583
import Keys
import Money

extension DialectMapping {
    /// The message of a request, complete but for its MAC. Errors name the field, never its value.
    public func message(for request: HostRequest) throws(ISO8583Error) -> Message {
        let message =
            switch request {
            case .financial(let financial): try self.message(for: financial)
            case .reversal(let reversal): try self.message(for: reversal)
            }
        if let fault = dialect.presenceFault(message) { throw fault }
        return message
    }

    /// 1804, 0800 and their like.
    func message(for function: NetworkFunction, _ stamp: NetworkStamp) throws(ISO8583Error) -> Message {
        var message = Message(mti: dialect.networkRequest)
        message.set(7, stamp.dateTimes.transmission)
        message.set(11, try stan(stamp.stan))
        try setLocalDateTime(stamp.dateTimes.local, in: &message)
        message.set(dialect.placement.networkFunction, dialect.functionCodes[function.rawValue])
        message.set(41, merchant.terminalID)
        setConstants(in: &message)
        if let fault = dialect.presenceFault(message) { throw fault }
        return message
    }

    private func message(for request: FinancialRequest) throws(ISO8583Error) -> Message {
        var message = try base(
            dialect.messageType(request.exchange.mti), request.exchange, request.processingCode, request.amount, request.entryMode,
            request.authentication)
        if let field = dialect.placement.functionCode { message.set(field, request.functionCode) }
        if let field = dialect.placement.merchantCategory { message.set(field, merchant.categoryCode) }
        message.set(43, merchant.nameAndLocation)
        setCard(request.card, request.entryMode, in: &message)
        message.set(54, try additionalAmounts(request))
        var elements = PrivateElements()
        elements["01"] = try batch(request.batchNumber)
        elements["03"] = request.partialApprovalAllowed ? "1" : nil
        elements["09"] = request.invoice
        elements["10"] = request.reference
        message.set(48, try elements.text())
        return message
    }

    private func message(for request: ReversalRequest) throws(ISO8583Error) -> Message {
        let first = dialect.messageType(request.exchange.mti)
        guard let type = request.isRepeat ? dialect.definition(of: first)?.repeat : first else {
            throw ISO8583Error(.unencodable, "mti", "\(first) is never repeated")
        }
        var message = try base(type, request.exchange, request.processingCode, request.amount, request.entryMode, .notAuthenticated)
        if let field = dialect.placement.functionCode { message.set(field, dialect.functionCodes["reversal"]) }
        if let field = dialect.placement.reasonCode {
            message.set(field, dialect.reasonCodes[request.reason.rawValue] ?? request.reason.rawValue)
        }
        message.set(38, request.approvalCode)
        message.set(55, bytes: request.iccData.flatMap { $0.isEmpty ? nil : $0 })
        let original = OriginalDataElements(
            mti: dialect.messageType(request.original.mti), stan: try stan(request.original.stan),
            localDateTime: request.original.localDateTime, transmissionDateTime: request.original.transmissionDateTime,
            acquirer: merchant.acquirerID)
        let layout = dialect.placement.originalDataElements
        message.set(layout.field, try original.text(layout: layout))
        var elements = PrivateElements()
        elements["01"] = try batch(request.batchNumber)
        message.set(48, try elements.text())
        return message
    }

    private func base(
        _ type: String, _ exchange: ExchangeIdentity, _ processingCode: String, _ amount: Amount, _ entryMode: EntryMode,
        _ authentication: HostCardholderAuthentication
    ) throws(ISO8583Error) -> Message {
        var message = Message(mti: type)
        message.set(3, processingCode)
        message.set(4, Digits.text(amount.minorUnits, 12))
        message.set(7, exchange.transmissionDateTime)
        message.set(11, try stan(exchange.stan))
        try setLocalDateTime(exchange.localDateTime, in: &message)
        let pointOfService = PointOfServiceCode(terminal: terminal, entryMode: entryMode, authentication: authentication)
        for number in dialect.pointOfService.keys.sorted() {
            do { message.set(number, try pointOfService.text(number, dialect)) } catch {
                throw ISO8583Error(.unencodable, String(number), error.message)
            }
        }
        message.set(32, merchant.acquirerID.isEmpty ? nil : merchant.acquirerID)
        message.set(37, exchange.retrievalReference)
        message.set(41, merchant.terminalID)
        message.set(42, merchant.merchantID)
        message.set(49, Digits.text(amount.currency.numericCode, 3))
        setConstants(in: &message)
        return message
    }

    private func setLocalDateTime(_ dateTime: String, in message: inout Message) throws(ISO8583Error) {
        for (number, pattern) in dialect.placement.localDateTime {
            guard let text = pattern.text(of: dateTime) else { throw ISO8583Error(.unencodable, String(number), "is not YYMMDDhhmmss") }
            message.set(number, text)
        }
    }

    private func setConstants(in message: inout Message) {
        guard let definition = dialect.definition(of: message.mti) else { return }
        for (number, value) in dialect.constants where definition.mandatory.contains(number) || definition.optional.contains(number) {
            message.set(number, value)
        }
    }

    /// 35 for chip and stripe, 2 and 14 for what was keyed in or came without a track (host-protocol, fields, "card").
    private func setCard(_ card: HostCardData, _ entryMode: EntryMode, in message: inout Message) {
        if let track2 = card.track2, entryMode != .manual {
            message.set(35, secret: track2)
        } else {
            message.set(2, card.pan.withDigits { $0 })
            message.set(14, card.expiry)
        }
        message.set(23, card.panSequenceNumber.flatMap { Digits.text($0, 3) })
        message.set(55, bytes: card.iccData.flatMap { $0.isEmpty ? nil : $0 })
    }

    private func additionalAmounts(_ request: FinancialRequest) throws(ISO8583Error) -> String? {
        let parts: [(String, Amount?)] = [
            ("tip", request.tip), ("cashback", request.cashback), ("surcharge", request.surcharge), ("tax", request.tax),
        ]
        var sets: [AdditionalAmount] = []
        for (name, amount) in parts {
            guard let amount, amount.minorUnits > 0, let type = dialect.amountTypes[name],
                let currency = Digits.text(amount.currency.numericCode, 3)
            else { continue }
            sets.append(
                AdditionalAmount(
                    accountType: String(request.processingCode.dropFirst(2).prefix(2)), amountType: type, currency: currency,
                    isCredit: false,
                    minorUnits: amount.minorUnits))
        }
        return sets.isEmpty ? nil : try AdditionalAmount.text(sets)
    }

    private func stan(_ number: Int) throws(ISO8583Error) -> String {
        guard (1...999_999).contains(number), let text = Digits.text(number, 6) else {
            throw ISO8583Error(.unencodable, "11", "is not 000001 to 999999")
        }
        return text
    }

    private func batch(_ number: Int) throws(ISO8583Error) -> String {
        guard let text = Digits.text(number, 6) else { throw ISO8583Error(.unencodable, "48.01", "is not 0 to 999999") }
        return text
    }
}
