import JSON

@testable import Lab

/// A point of sale in virtual time: correct, but for one flaw.
struct RehearsedPOS {
    /// The flaw fails this point; `nil` for none.
    var flaw: CertificationPoint?
    private var now = Duration.zero
    private var certification = Certification()
    private var due: [(at: Duration, what: Intent)] = []
    private var connection: Int?
    private var connections = 0
    private var sales = 0
    private var current: String?
    private var hasSentVendorID = false
    private var isDead = false
    private var lastHeard = Duration.zero
    private(set) var said: [String] = []

    private enum Intent: Equatable { case connect, sell, again, ask, giveUp(String), cancel }

    init(flaw: CertificationPoint? = nil) { self.flaw = flaw }

    /// Plays until the kit has finished.
    mutating func report() -> CertificationReport {
        due = [(.zero, .connect)]
        while !certification.isFinished {
            let mine = due.map(\.at).min()
            guard let next = [mine, certification.nextWake].compactMap({ $0 }).min() else { break }
            now = max(now, next)
            if let index = due.firstIndex(where: { $0.at <= now }) { perform(due.remove(at: index).what) } else { tell(.time) }
        }
        return CertificationReport(certification)
    }

    private mutating func perform(_ intent: Intent) {
        guard !isDead else { return }
        switch intent {
        case .connect:
            connections += 1
            connection = connections
            tell(.connected(connections))
            if !hasSentVendorID, flaw != .sendsVendorID {
                send(["operation": "SetParameter", "parameters": [["key": "HWVENDORID", "value": "POS"]]])
            }
            hasSentVendorID = true
            if flaw != .heartbeat { send(["operation": "GetInformation"]) }
            later(1, current == nil || flaw == .asksLastTransaction ? .sell : .ask)
        case .sell:
            guard connection != nil else { return }
            sales += 1
            current = "S\(sales)"
            perform(.again)
            if sales == 1, flaw == .oneOperationAtATime { send(["operation": "Display", "text": "Thank you"]) }
        case .again:
            guard let current else { return }
            send(["operation": "Transaction", "type": "SALE", "requestedAmount": "500", "uniqueTransactionId": .string(current)])
        case .ask: send(["operation": "LastTransaction"])
        case .giveUp(let id):
            if id == current, now - lastHeard >= .seconds(12) { perform(.sell) }
        case .cancel: send(["operation": "Cancel"])
        }
    }

    private mutating func heard(_ message: JSONValue) {
        lastHeard = now
        switch message["operation"]?.string {
        case "Status":
            if flaw == .ignoresStatus, message["message"]?.string == "APPROVED" { later(0, .sell) }
            if flaw == .result60, message["context"] == nil, !due.contains(where: { $0.what == .sell }) { later(0, .sell) }
            if flaw == .waitsForFinal, let current { later(12, .giveUp(current)) }
        case "Cancel":
            if flaw == .result13 { later(0, .sell) }
        case "Transaction", "LastTransaction": decide(message)
        default: break
        }
    }

    private mutating func decide(_ message: JSONValue) {
        let asked = message["operation"]?.string == "LastTransaction"
        if flaw == .unknownFields, message["surprise"] != nil { isDead = true }
        let result = message["result"]?.string
        if result == "5" { return later(flaw == .result5 ? 0 : 2, asked ? .ask : .again) }
        guard let current else { return }
        let isMine = message["uniqueTransactionId"]?.string == current
        guard isMine || asked else { return }
        if !isMine, flaw != .comparesIdentifiers { return conclude(current, .unknown) }
        switch result {
        case "0":
            let both = message["approval"]?.string == "approved" || flaw == .approvalNeedsBoth
            conclude(current, both ? .approved : .declined)
        case "23" where flaw == .result23: later(1, .again)
        case "17", "19": conclude(current, .declined)
        default: conclude(current, flaw == .unknownResult && result == "777" ? .approved : .unknown)
        }
    }

    private mutating func conclude(_ sale: String, _ outcome: ReportedOutcome) {
        current = nil
        tell(.outcome(sale: sale, outcome))
        later(1, .sell)
    }

    private mutating func closed() {
        connection = nil
        if current != nil, flaw == .reconnects { isDead = true }
        if current == nil, flaw == .refreshesConnection { isDead = true }
        due.removeAll { $0.what == .sell }
        later(1, .connect)
    }

    private mutating func send(_ message: JSONValue) {
        if let connection { tell(.message(connection, message.text)) }
    }

    private mutating func later(_ seconds: Int, _ intent: Intent) { due.append((now + .seconds(seconds), intent)) }

    private mutating func tell(_ event: Certification.Event) {
        for action in certification.on(event, at: now) {
            switch action {
            case .send(let number, let message) where number == connection: if !isDead { heard(message) }
            case .close(let number, _, _) where number == connection, .cut(let number) where number == connection: closed()
            case .say(let line):
                said.append(line)
                if line.contains("press Cancel now") { later(3, .cancel) }
            default: break
            }
        }
    }
}
