import Hex
import ISO8583
import Keys

/// Decisions on what the books leave open, and how answers are made and spoilt.
extension HostMachine {
    /// An 1100 or 1200. The cryptogram first: what is not the card's is declined, whatever the amount says. With a word for the log.
    mutating func decide(_ request: LedgerRequest, _ message: Message, _ behaviour: HostBehaviour) -> (LedgerDecision, note: String?) {
        let chip: VerifiedRequest?
        switch cryptogram(of: message) {
        case nil: chip = nil
        case .valid(let request)?: chip = request
        case .wrong(let request)?:
            return (declined(HostActionCode.suspectedCounterfeit, chip: request), "the cryptogram (9F26) is not the card's")
        case .unusable(let reason)?: return (.refused(HostActionCode.formatError), reason)
        }
        if chip == nil, !request.cardToken.isEmpty, MaskedCard(message).pan == nil, request.account.isEmpty {
            return (declined(HostActionCode.invalidCardNumber, chip: nil), "the token is none of this host's")
        }
        // What the terminal could not see is checked here.
        switch MagneSafeTracks.card(in: message) {
        case .unreadable?: return (declined(HostActionCode.invalidCardNumber, chip: chip), "48.06 is of no key of this host")
        case .readable(let pan)? where !pan.passesLuhnCheck:
            return (declined(HostActionCode.invalidCardNumber, chip: chip), "the check digit is wrong")
        case .readable?, nil: break
        }
        if let refusal = pinRefusal(request, message) { return (declined(refusal, chip: chip), "online PIN: \(refusal)") }
        var decision: LedgerDecision
        switch behaviour.verdict {
        case .decline(let actionCode): return (declined(actionCode, chip: chip), nil)
        case .approve: decision = LedgerDecision(actionCode: HostActionCode.approved, isApproved: true, amount: request.amount)
        case .approveHalf:
            // 002 needs 0 < approved < asked; the smallest amount that ends in .20 is 20.
            decision = LedgerDecision(actionCode: HostActionCode.partiallyApproved, isApproved: true, amount: request.amount / 2)
        }
        if let operation = HostGiftCard.Operation(processing: request.processingCode) {
            let card = ledger.giftCard(request.cardToken)
            let (refusal, amount) = card.decide(operation, amount: decision.amount, partialAllowed: request.partialApprovalAllowed)
            if let refusal { return (declined(refusal, chip: chip), nil) }
            if amount < request.amount { decision.actionCode = HostActionCode.partiallyApproved }
            decision.amount = amount
            decision.balance = card.balance - LedgerTransaction.sign(processing: request.processingCode) * amount
        } else if request.isInquiry, request.processingCode.hasPrefix("31") {
            decision.balance = ledger.available(request.cardToken, limit: Self.creditLimit)
        }
        decision.approvalCode = ledger.nextApprovalCode(batch: request.batch)
        if !request.cardToken.isEmpty { decision.cardToken = request.cardToken }
        decision.iccData = issuerData(chip, decision.actionCode, behaviour.issuer)
        return (decision, nil)
    }

    /// Three tries, as a card's own PIN has.
    private mutating func pinRefusal(_ request: LedgerRequest, _ message: Message) -> String? {
        switch pins?.verdict(on: message, dialect) {
        case nil: return nil
        case .right?:
            guard wrongPINs[request.cardToken, default: 0] < 3 else { return HostActionCode.pinTriesExceeded }
            wrongPINs[request.cardToken] = nil
            return nil
        case .wrong?:
            wrongPINs[request.cardToken, default: 0] += 1
            return wrongPINs[request.cardToken, default: 0] < 3 ? HostActionCode.incorrectPIN : HostActionCode.pinTriesExceeded
        case .unusable?: return HostActionCode.formatError
        }
    }

    private func declined(_ actionCode: String, chip: VerifiedRequest?) -> LedgerDecision {
        var decision = LedgerDecision.refused(actionCode)
        decision.iccData = issuerData(chip, actionCode, .answers)
        return decision
    }

    /// Everything that must come back comes from the request; the decision is the rest.
    func answerMessage(_ decision: LedgerDecision, _ request: LedgerRequest, _ message: Message, _ answerType: String) -> Message {
        var answer = echo(message, answerType)
        answer.set(39, vocabulary.actionCode(decision.actionCode))
        answer.set(38, decision.approvalCode)
        if let token = decision.cardToken {
            var elements = PrivateElements()
            elements["02"] = token
            answer.set(48, try? elements.text())
        }
        if decision.isApproved, decision.amount < request.amount, request.kind == .authorization || request.kind == .financial {
            answer.set(4, padded(decision.amount, 12))
            if let field = dialect.placement.originalAmounts {
                answer.set(field, try? OriginalAmounts(transaction: request.amount).text())
            }
        }
        if !decision.iccData.isEmpty { answer.set(55, bytes: decision.iccData) }
        if let net = decision.net { answer.set(97, try? NetAmount.text(net)) }
        if let balance = decision.balance { answer.set(54, self.balance(balance, request)) }
        return answer
    }

    func refusal(_ actionCode: String, _ message: Message, _ answerType: String) -> [Action] {
        var answer = echo(message, answerType)
        answer.set(39, vocabulary.actionCode(actionCode))
        return send(answer, after: 0)
    }

    func deliver(_ answer: Message, _ kind: LedgerRequest.Kind, _ delivery: HostBehaviour.Delivery) -> [Action] {
        let delay = faults.delay(of: kind, delivery)
        switch delivery {
        case .answer, .late: return send(answer, after: delay)
        case .twice: return send(answer, after: delay) + send(answer, after: delay)
        case .silence: return [.note("\(answer.mti) withheld")]
        case .disconnect: return [.note("\(answer.mti) withheld, connection closed"), .close]
        case .garbage:
            let garbage = [UInt8](repeating: 0xFF, count: 32)
            return [.send(((try? dialect.header.bytes(for: garbage.count)) ?? []) + garbage, after: delay, answer: nil)]
        case .wrongSTAN:
            var wrong = answer
            wrong.set(11, padded((answer.number(11) ?? 0) % 999_999 + 1, 6))
            return send(wrong, after: delay)
        case .badMAC: return send(answer, after: delay, spoilingMAC: true)
        }
    }

    private func send(_ answer: Message, after delay: Int64, spoilingMAC: Bool = false) -> [Action] {
        do throws(ISO8583Error) {
            let hasMAC = dialect.mac.algorithm != .none
            let bytes = try encoder.frame(
                answer,
                mac: !hasMAC
                    ? nil
                    : { [answerKey, dialect] in
                        var code = try dialect.mac.code(for: $0, key: answerKey)
                        if spoilingMAC { code[0] ^= 0x01 }
                        return code
                    })
            return [.send(bytes, after: delay, answer: answer)]
        } catch {
            return [.note("\(answer.mti) cannot be sent: \(error)"), .close]
        }
    }

    private func echo(_ message: Message, _ answerType: String) -> Message {
        var answer = Message(mti: answerType)
        for number in dialect.messages[answerType]?.echo ?? [] { answer[number] = message[number] }
        return answer
    }

    private func padded(_ value: Int64, _ digits: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    /// Every card's, minor units; what goes beyond it is not declined.
    static let creditLimit: Int64 = 1_000_000

    /// Field 54.
    private func balance(_ balance: Int64, _ request: LedgerRequest) -> String? {
        guard let type = dialect.amountTypes["availableBalance"] else { return nil }
        let account = String(request.processingCode.dropFirst(2).prefix(2))
        let set = AdditionalAmount(
            accountType: account, amountType: type, currency: request.currency, isCredit: balance >= 0,
            minorUnits: Int64(clamping: balance.magnitude))
        return try? AdditionalAmount.text([set])
    }
}

// MARK: Field 55

extension HostMachine {
    /// `nil` for a message without chip data, and for a host that knows no keys.
    private func cryptogram(of message: Message) -> IssuerCryptography.Verdict? {
        guard let issuer, let iccData = message.bytes(55) else { return nil }
        guard let pan = MaskedCard(message).pan else { return .unusable("chip data (55) without a card number (35 or 2)") }
        return issuer.verify(iccData: iccData, pan: pan, panSequenceNumber: message.number(23).map { Int($0) })
    }

    /// 91 over the response code that the terminal will make of the action code (EMV 4.4 Book 2, 8.2.1), and what is to follow it.
    private func issuerData(_ chip: VerifiedRequest?, _ actionCode: String, _ issuer: HostBehaviour.Issuer) -> [UInt8] {
        let responseCode = Array(vocabulary.responseCode(actionCode).utf8)
        guard let data = try? chip?.responseICCData(responseCode: responseCode, corrupted: issuer == .wrongCryptogram) else { return [] }
        // PIN CHANGE/UNBLOCK, which does a card with tries left no harm.
        return issuer == .script ? data + ((try? chip?.script([.unblockPIN])) ?? []) : data
    }
}
