import Hex
import ISO8583
import Keys
import Money

extension DialectMapping {
    /// The message of a request, complete but for its MAC. Errors name the field, never its value.
    public func message(for request: HostRequest) throws(ISO8583Error) -> Message {
        let message =
            switch request {
            case .financial(let financial): try self.message(for: financial)
            case .advice(let advice): try self.message(for: advice)
            case .reversal(let reversal): try self.message(for: reversal)
            case .reconciliation(let reconciliation): try self.message(for: reconciliation)
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
        if function == .keyChange { try setKeyScheme(in: &message) }
        setConstants(in: &message)
        if let fault = dialect.presenceFault(message) { throw fault }
        return message
    }

    private func message(for request: FinancialRequest) throws(ISO8583Error) -> Message {
        var message = try base(
            request.exchange.mti, request.exchange, request.processingCode, request.amount,
            pointOfService(request.entryMode, request.authentication, isCardPresent: request.card?.isPresent ?? false))
        setMerchant(in: &message)
        if let field = dialect.placement.functionCode { message.set(field, request.functionCode) }
        var elements = try common(request.batchNumber)
        if let card = request.card { setCard(card, request.entryMode, in: &message, &elements) }
        if let pin = request.pin { try setPIN(pin, in: &message) }
        message.set(
            54,
            try additionalAmounts(
                [("tip", request.tip), ("cashback", request.cashback), ("surcharge", request.surcharge), ("tax", request.tax)],
                request.processingCode))
        if let original = request.original { try setOriginal(original, in: &message) }
        try setOriginalAmount(request.originalAmount, request.amount, in: &message)
        elements["03"] = request.partialApprovalAllowed ? "1" : nil
        elements["08"] = request.vendorID
        elements["09"] = request.invoice
        elements["10"] = request.reference
        elements["13"] = request.originalApprovalCode
        message.set(48, try elements.text())
        return message
    }

    /// What financial messages, advices and reversals have in common.
    /// - Parameter mti: by the 1993 edition.
    func base(
        _ mti: String, _ exchange: ExchangeIdentity, isRepeat: Bool = false, _ processingCode: String, _ amount: Amount,
        _ pointOfService: PointOfServiceCode
    ) throws(ISO8583Error) -> Message {
        var message = Message(mti: try messageType(mti, isRepeat: isRepeat))
        message.set(3, processingCode)
        message.set(4, Digits.text(amount.minorUnits, 12))
        for number in dialect.pointOfService.keys.sorted() {
            do { message.set(number, try pointOfService.text(number, dialect)) } catch {
                throw ISO8583Error(.unencodable, String(number), error.message)
            }
        }
        message.set(49, Digits.text(amount.currency.numericCode, 3))
        try setExchange(exchange, in: &message)
        return message
    }

    /// The dialect's own type; of the repeat where it is one.
    func messageType(_ mti: String, isRepeat: Bool) throws(ISO8583Error) -> String {
        let first = dialect.messageType(mti)
        guard isRepeat else { return first }
        guard let type = dialect.definition(of: first)?.repeat else {
            throw ISO8583Error(.unencodable, "mti", "\(first) is never repeated")
        }
        return type
    }

    /// Who asks, when and under which numbers.
    func setExchange(_ exchange: ExchangeIdentity, in message: inout Message) throws(ISO8583Error) {
        message.set(7, exchange.transmissionDateTime)
        message.set(11, try stan(exchange.stan))
        try setLocalDateTime(exchange.localDateTime, in: &message)
        message.set(32, merchant.acquirerID.isEmpty ? nil : merchant.acquirerID)
        message.set(37, exchange.retrievalReference)
        message.set(41, merchant.terminalID)
        message.set(42, merchant.merchantID)
        setConstants(in: &message)
    }

    func setMerchant(in message: inout Message) {
        if let field = dialect.placement.merchantCategory { message.set(field, merchant.categoryCode) }
        message.set(43, merchant.nameAndLocation)
    }

    /// Field 56, or where the dialect has it.
    func setOriginal(_ exchange: ExchangeIdentity, in message: inout Message) throws(ISO8583Error) {
        let original = OriginalDataElements(
            mti: dialect.messageType(exchange.mti), stan: try stan(exchange.stan), localDateTime: exchange.localDateTime,
            transmissionDateTime: exchange.transmissionDateTime, acquirer: merchant.acquirerID)
        let layout = dialect.placement.originalDataElements
        message.set(layout.field, try original.text(layout: layout))
    }

    /// Field 30, "where the amount differs" (host-protocol).
    func setOriginalAmount(_ original: Amount?, _ amount: Amount, in message: inout Message) throws(ISO8583Error) {
        guard let original, original != amount, let field = dialect.placement.originalAmounts else { return }
        message.set(field, try OriginalAmounts(transaction: original.minorUnits).text())
    }

    func pointOfService(
        _ entryMode: EntryMode, _ authentication: HostCardholderAuthentication, isCardPresent: Bool = true
    ) -> PointOfServiceCode {
        PointOfServiceCode(
            terminal: terminal, entryMode: entryMode, authentication: authentication, isCardPresent: isCardPresent)
    }

    func setLocalDateTime(_ dateTime: String, in message: inout Message) throws(ISO8583Error) {
        for (number, pattern) in dialect.placement.localDateTime {
            guard let text = pattern.text(of: dateTime) else { throw ISO8583Error(.unencodable, String(number), "is not YYMMDDhhmmss") }
            message.set(number, text)
        }
    }

    func setConstants(in message: inout Message) {
        guard let definition = dialect.definition(of: message.mti) else { return }
        for (number, value) in dialect.constants where definition.mandatory.contains(number) || definition.optional.contains(number) {
            message.set(number, value)
        }
    }

    /// 35 for chip and stripe, 2 and 14 for what was keyed in or came without a track; a token or what a reader encrypted in 48
    /// (host-protocol, fields, "card").
    func setCard(_ card: HostCard, _ entryMode: EntryMode, in message: inout Message, _ elements: inout PrivateElements) {
        switch card {
        case .clear(let card):
            if let track2 = card.track2, entryMode != .manual {
                message.set(35, secret: track2)
            } else {
                message.set(2, card.pan.withDigits { $0 })
                message.set(14, card.expiry)
            }
            message.set(23, card.panSequenceNumber.flatMap { Digits.text($0, 3) })
            message.set(55, bytes: card.iccData.flatMap { $0.isEmpty ? nil : $0 })
        case .token(let token, let expiry, let storedCredential):
            message.set(14, expiry)
            elements["02"] = token
            elements["04"] = storedCredential
        case .encrypted(let data):
            elements["05"] = "\(data.scheme) \(data.keySerialNumber.hex)"
            elements["06"] = Base64.text(data.ciphertext)
        }
    }

    /// 8 bytes in 52 with their key in 53, 16 bytes (format 4) all in 53.
    private func setPIN(_ pin: HostPINData, in message: inout Message) throws(ISO8583Error) {
        guard let field = dialect.placement.securityData else {
            throw ISO8583Error(.unencodable, "52", "the dialect has no place for the PIN's key")
        }
        guard let scheme = SecurityData.Scheme(rawValue: pin.scheme.rawValue), pin.block.count == 8 || pin.block.count == 16 else {
            throw ISO8583Error(.unencodable, "52", "a PIN block is 8 or 16 bytes")
        }
        let isFormat4 = pin.block.count == 16
        if !isFormat4 { message.set(52, secret: pin.block) }
        let data = SecurityData(scheme: scheme, keySerialNumber: pin.keySerialNumber, pinBlock: isFormat4 ? pin.block : nil)
        message.set(field, secret: try data.encoded())
    }

    func additionalAmounts(_ parts: [(String, Amount?)], _ processingCode: String) throws(ISO8583Error) -> String? {
        var sets: [AdditionalAmount] = []
        for (name, amount) in parts {
            guard let amount, amount.minorUnits > 0, let type = dialect.amountTypes[name],
                let currency = Digits.text(amount.currency.numericCode, 3)
            else { continue }
            sets.append(
                AdditionalAmount(
                    accountType: String(processingCode.dropFirst(2).prefix(2)), amountType: type, currency: currency, isCredit: false,
                    minorUnits: amount.minorUnits))
        }
        return sets.isEmpty ? nil : try AdditionalAmount.text(sets)
    }

    /// Field 48 as everything has it.
    func common(_ batchNumber: Int) throws(ISO8583Error) -> PrivateElements {
        var elements = PrivateElements()
        elements["01"] = try batch(batchNumber)
        return elements
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
