import ISO8583
import Terminal

/// What must be true when everything has healed (issue: the books of terminal, host and POS agree to the cent).
struct CampaignInvariants {
    private(set) var findings: [String] = []
    private let ledger: HostLedger
    /// By `requestId`, as the journal has them.
    private let acceptances: [String: Int]
    private let records: [(record: CampaignPOS.Record, recorded: RecordedTransaction?)]

    init(_ run: CampaignRun, _ records: [(record: CampaignPOS.Record, recorded: RecordedTransaction?)]) {
        ledger = run.network.host.ledger
        self.records = records
        var acceptances: [String: Int] = [:]
        var query = TransactionQuery()
        query.limit = 200
        do {
            for transaction in try run.process?.store?.page(query).transactions ?? [] {
                acceptances[transaction.acceptance.request.requestID ?? "", default: 0] += 1
            }
        } catch {
            findings.append("the journal's pages cannot be read: \(error)")
        }
        self.acceptances = acceptances
        if let damage = run.pos.damage { findings.append("the journal cannot be read: \(damage)") }
        for (record, recorded) in records { check(record, recorded) }
        checkBooks()
        checkMessages()
    }

    /// What the POS was told is what is recorded, once and for all.
    private mutating func check(_ record: CampaignPOS.Record, _ recorded: RecordedTransaction?) {
        let name = "\(record.request.type.rawValue) \(record.request.requestID?.last.map(String.init) ?? "")"
        let times = acceptances[record.request.requestID ?? ""] ?? 0
        if times > 1 { findings.append("\(name): accepted \(times) times") }
        if record.isLate { findings.append("\(name): no final answer within its time limit") }
        if record.refused != nil || record.isForgotten {
            if record.isForgotten, let answer = recorded?.answer, answer.approval == .approved {
                findings.append("\(name): unknown when asked, approved later")
            }
            return
        }
        guard let answer = recorded?.answer else { return findings.append("\(name): no answer is recorded") }
        for told in record.told where told.result != answer.result || told.approval != answer.approval || told.authCode != answer.authCode {
            findings.append("\(name): told \(told.result) \(told.authCode ?? "-"), recorded \(answer.result) \(answer.authCode ?? "-")")
        }
        if answer.state == .reversalPending || answer.state == .offlineQueued {
            findings.append("\(name): still \(answer.state?.rawValue ?? "")")
        }
        if answer.approval == .approved, answer.result != .completed { findings.append("\(name): approved with \(answer.result)") }
    }

    /// Net and holds of the host are those of the terminal, in all and for each sale that nothing follows.
    private mutating func checkBooks() {
        var net: Int64 = 0
        for (record, recorded) in records {
            let worth = worth(record, recorded)
            net += worth
            guard record.request.type == .sale || record.request.type == .refund, let reference = record.request.reference else { continue }
            guard !isFollowed(recorded) else { continue }
            let host = self.net(reference: reference)
            if host != worth {
                findings.append("\(record.request.type.rawValue) \(reference): the host has \(host), the terminal \(worth)")
            }
        }
        let host = ledger.transactions.reduce(0) { $0 + $1.net }
        if host != net { findings.append("the host has \(host) in all, the terminal \(net)") }
        let held = ledger.transactions.reduce(0) { $0 + $1.hold }
        let holds = records.reduce(0) { $0 + hold($1.record, $1.recorded) }
        if held != holds { findings.append("the host holds \(held) in all, the terminal \(holds)") }
    }

    /// Minor units that the card is charged by it; a tip adjustment counts where it adjusts.
    private func worth(_ record: CampaignPOS.Record, _ recorded: RecordedTransaction?) -> Int64 {
        guard let answer = recorded?.answer, answer.approval == .approved, answer.state != .voided, answer.state != .reversed else {
            return 0
        }
        var amount = answer.authorizedAmount ?? 0
        let adjustment = records.last {
            $0.record.request.type == .tipAdjust && $0.record.request.originalTransactionID == recorded?.id.description
                && $0.recorded?.answer?.approval == .approved
        }
        // Of a partial approval what was approved stays, with the tip in place of its own.
        if let tip = adjustment?.record.request.tipAmount { amount += tip - (record.request.tipAmount ?? 0) }
        switch record.request.type {
        case .sale, .force, .completion: return amount
        case .refund: return -amount
        default: return 0
        }
    }

    /// Minor units that an authorization holds, its increments included, until it is completed or voided.
    private func hold(_ record: CampaignPOS.Record, _ recorded: RecordedTransaction?) -> Int64 {
        guard record.request.type == .authorization, let recorded, let answer = recorded.answer, answer.approval == .approved,
            answer.state == .completed
        else { return 0 }
        let following = records.filter {
            $0.record.request.originalTransactionID == recorded.id.description && $0.recorded?.answer?.approval == .approved
        }
        if following.contains(where: { $0.record.request.type == .completion }) { return 0 }
        return following.reduce(answer.authorizedAmount ?? 0) { sum, increment in
            guard increment.record.request.type == .incrementalAuthorization, increment.recorded?.answer?.state == .completed else {
                return sum
            }
            return sum + (increment.recorded?.answer?.authorizedAmount ?? 0)
        }
    }

    private func isFollowed(_ recorded: RecordedTransaction?) -> Bool {
        guard let id = recorded?.id.description else { return true }
        return records.contains { $0.record.request.originalTransactionID == id }
    }

    /// What the books have under 48.10 of the requests, minor units, with what replaced them: a batch upload has a number (37) of its own.
    private func net(reference: String) -> Int64 {
        var numbers: Set<String> = []
        for message in ledger.messages where message.direction == .received {
            guard let text = message.fields[48], let elements = try? PrivateElements(text), elements["10"] == reference else { continue }
            numbers.insert(message.fields[37] ?? "")
        }
        return ledger.transactions.reduce(0) { sum, entry in
            let root = ledger.transactions[entry.root].retrievalReference
            return sum + (numbers.contains(entry.retrievalReference) || numbers.contains(root) ? entry.net : 0)
        }
    }

    /// 1101 and 1201 do not exist, and a trace number names one message only.
    private mutating func checkMessages() {
        var names: [String: String] = [:]
        for message in ledger.messages where message.direction == .received {
            if message.messageType == "1101" || message.messageType == "1201" {
                findings.append("the host was sent a \(message.messageType)")
            }
            let key = HostExchangeKey(
                terminal: "", messageType: message.messageType, stan: message.stan, dateTime: message.fields[12] ?? "")
            let name = "\(key.messageType) \(key.dateTime)"
            if let other = names[message.stan], other != name { findings.append("STAN \(message.stan) names \(other) and \(name)") }
            names[message.stan] = name
        }
    }
}
