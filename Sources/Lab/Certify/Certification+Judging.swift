import JSON

extension Certification {
    /// Asked while a sale runs, these are no second operation (section 2).
    private static let always: Set<String> = ["Cancel", "GetInformation", "Diagnose", "GetTransaction", "LastTransaction"]

    mutating func connected(_ connection: ConnectionID) {
        open.insert(connection)
        if running?.isCut == true { pass(.reconnects) }
        if refreshDue {
            refreshDue = false
            pass(.refreshesConnection)
        }
    }

    mutating func closed(_ connection: ConnectionID, _ now: Duration) {
        guard open.remove(connection) != nil else { return }
        guard let sale = running, sale.connection == connection, !sale.isCut else { return }
        let point = sale.cancelRefused ? .result13 : sale.scenario.patiencePoint
        fail(point == .oneOperationAtATime ? .waitsForFinal : point, "left before the final message (\(sale.scenario.story))")
        steps = []
        saleEnded()
    }

    mutating func received(_ text: String, from connection: ConnectionID, _ now: Duration) {
        // What was still on its way when the kit closed.
        guard open.contains(connection) else { return }
        guard let message = try? JSONValue(parsing: text), let operation = message["operation"]?.string else {
            return send(connection, ["operation": "Error", "result": "3", "errorMessage": "not a JSON object with an operation"])
        }
        if survived == .unknownFields { pass(.unknownFields) }
        survived = nil
        if let sale = running, !sale.isCut, !Self.always.contains(operation) {
            let point = sale.cancelRefused ? .result13 : sale.scenario.patiencePoint
            fail(point, "sent \(operation) before the final message (\(sale.scenario.story))")
            return answer(connection, message, "5")
        }
        switch operation {
        case "Transaction": transaction(message, connection, now)
        case "LastTransaction", "GetTransaction": inquiry(message, operation, connection)
        case "Cancel": cancel(message, connection, now)
        case "GetInformation":
            pass(.heartbeat)
            answer(connection, message, "0", ["information": information])
        case "SetParameter": setParameter(message, connection)
        case "GetParameter": answer(connection, message, "0", ["parameters": []])
        default: answer(connection, message, "200", ["errorMessage": "The conformance kit does not play this operation."])
        }
    }

    private mutating func transaction(_ message: JSONValue, _ connection: ConnectionID, _ now: Duration) {
        if let since = busySince {
            busySince = nil
            if now - since < unit / 2 {
                fail(.result5, "asked again at once")
            } else {
                pass(.result5)
            }
        }
        if let cut = running, cut.isCut {
            if cut.asked == 0 { fail(.asksLastTransaction, "sold again without asking what became of the sale that was cut") }
            // Its first sale never began, or is known by now.
            saleEnded()
        }
        if let id = message["requestId"]?.string, var known = lastAnswer?.object, known["requestId"]?.string == id {
            // The idempotency key: a repeat, not a new sale.
            known["replayed"] = "1"
            return send(connection, .object(known))
        }
        guard message["requestedAmount"] != nil else {
            return send(connection, final(message, ["result": "0", "approval": "approved", "authCode": "000000"]))
        }
        guard let scenario = remaining.popFirst() else { return send(connection, approval(message)) }
        for name in ["uniqueTransactionId", "uniqueTransactionID", "reference"] {
            guard let id = message[name]?.string, !id.isEmpty else { continue }
            if played[id] == .noAnswer { fail(.result23, "sold again under the id of the sale whose outcome was unknown") }
            // A sale refused with 5 never began: it may come again under its ids.
            played[id] = scenario
        }
        act(.say("\(CertificationScenario.allCases.count - remaining.count)/\(CertificationScenario.allCases.count) \(scenario.story)"))
        play(scenario, message, connection, now)
    }

    private mutating func inquiry(_ message: JSONValue, _ operation: String, _ connection: ConnectionID) {
        guard var sale = running, sale.isCut else {
            guard running == nil, var known = lastAnswer?.object else { return answer(connection, message, running == nil ? "97" : "5") }
            known["operation"] = .string(operation)
            return send(connection, .object(known))
        }
        sale.asked += 1
        running = sale
        pass(.asksLastTransaction)
        switch sale.scenario {
        case .cutOwnLast where sale.asked > 1:
            guard var known = approval(sale.request).object else { return }
            known["operation"] = .string(operation)
            send(connection, .object(known))
            lastAnswer = approval(sale.request)
            saleEnded()
        case .cutOwnLast: answer(connection, message, "5")
        default:
            if operation == "GetTransaction" { return answer(connection, message, "4") }
            guard var other = approval(sale.request).object else { return }
            other["operation"] = .string(operation)
            other["uniqueTransactionId"] = "ANOTHERSALE"
            other["reference"] = "ANOTHERSALE"
            other["requestId"] = nil
            send(connection, .object(other))
        }
    }

    private mutating func cancel(_ message: JSONValue, _ connection: ConnectionID, _ now: Duration) {
        guard var sale = running, !sale.isCut else { return answer(connection, message, "14") }
        sale.cancelRefused = true
        running = sale
        answer(connection, message, "13")
        // The final is still some time away, so that patience shows.
        guard let end = steps.first(where: \.endsSale)?.at else { return }
        let shift = max(.zero, now + unit * 2 - end)
        for index in steps.indices where steps[index].at >= end { steps[index].at += shift }
    }

    private mutating func setParameter(_ message: JSONValue, _ connection: ConnectionID) {
        let parameters = message["parameters"]?.array ?? []
        if parameters.contains(where: { $0["key"]?.string == "HWVENDORID" && !($0["value"]?.string ?? "").isEmpty }) {
            pass(.sendsVendorID)
        }
        answer(connection, message, "0", ["parameters": .array(parameters)])
    }

    mutating func reported(_ sale: String, _ outcome: ReportedOutcome) {
        guard let scenario = played[sale] else {
            return act(.say("An outcome was reported for \(sale.prefix(40)), which the POS has not sold."))
        }
        let isRight = (outcome == .approved) == scenario.isApproved
        if !isRight { return fail(scenario.outcomePoint, "told its cashier \(outcome.rawValue) (\(scenario.story))") }
        // A Cancel that never came was not handled, whatever became of the sale.
        switch scenario {
        case .tooLate, .busy, .unknownFields, .cutOwnLast: break
        default: pass(scenario.outcomePoint)
        }
    }

    mutating func saleEnded() {
        guard let sale = running else { return }
        running = nil
        if sale.cancelRefused { pass(.result13) }
        switch sale.scenario {
        case .longSilence: pass(.waitsForFinal)
        case .bareSixty: pass(.result60)
        default: break
        }
        survived = sale.scenario
    }

    /// What a POS that has stopped did not do.
    mutating func judgeEnd() {
        if let sale = running, sale.isCut {
            if verdicts[.reconnects] == nil { fail(.reconnects, "did not come back after a cut") }
            if sale.asked == 0, verdicts[.reconnects] == .passed {
                fail(.asksLastTransaction, "did not ask what became of the sale that was cut")
            }
        }
        if refreshDue, running?.isCut != true { fail(.refreshesConnection, "did not come back after 1001, connection lifetime") }
        if survived == .unknownFields { fail(.unknownFields, "was not heard of again after fields it does not know") }
        let sold = remaining.count < CertificationScenario.allCases.count
        guard sold else { return }
        if verdicts[.heartbeat] == nil { fail(.heartbeat, "never sent GetInformation") }
        if verdicts[.sendsVendorID] == nil { fail(.sendsVendorID, "never sent HWVENDORID") }
        pass(.oneOperationAtATime)
    }
}
