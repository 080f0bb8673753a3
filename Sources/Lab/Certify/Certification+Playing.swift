import JSON

extension Certification {
    /// Plans what happens to a sale. Pauses are in units.
    mutating func play(_ scenario: CertificationScenario, _ request: JSONValue, _ connection: ConnectionID, _ now: Duration) {
        if scenario == .busy {
            busySince = now
            return answer(connection, request, "5", ["errorCondition": "busy"])
        }
        running = Sale(scenario: scenario, connection: connection, request: request)
        var at = now
        func plan(_ action: Action, after pause: Int = 0, endsSale: Bool = false) {
            at += unit * pause
            steps.append(Step(at: at, action: action, endsSale: endsSale))
        }
        func status(_ context: String, _ message: String, after pause: Int = 0) {
            plan(.send(connection, self.status(request, context, message)), after: pause)
        }
        func end(_ answer: JSONValue, after pause: Int) { plan(.send(connection, answer), after: pause, endsSale: true) }

        status("Card", "Waiting for the card")
        status("Communication", "Asking the host", after: 1)
        switch scenario {
        case .plain, .busy: end(approval(request), after: 1)
        case .longSilence: end(approval(request), after: 20)
        case .statusSaysApproved:
            status("Receipt", "APPROVED", after: 1)
            end(final(request, ["result": "19", "approval": "declined", "responseCode": "05", "errorCondition": "declined"]), after: 4)
        case .bareSixty:
            for _ in 0..<3 { plan(.send(connection, ["operation": "Status", "result": "60"])) }
            end(approval(request), after: 4)
        case .resultWithoutApproval: end(final(request, ["result": "0"]), after: 1)
        case .noAnswer: end(final(request, ["result": "23", "errorCondition": "outcomeUnknown", "state": "reversalPending"]), after: 2)
        case .unknownFields:
            plan(.send(connection, ["operation": "Event", "event": "device", "kind": "printer", "state": "ready"]))
            status("Weather", "It rains", after: 1)
            var answer = approval(request).object ?? JSONObject()
            answer["surprise"] = ["nested": [1, 2, ["deep": true]], "text": "ü"]
            answer["sequence"] = 7
            end(.object(answer), after: 1)
        case .unknownResult: end(final(request, ["result": "777", "errorMessage": "something new"]), after: 1)
        case .tooLate:
            end(approval(request), after: 10)
            plan(.close(connection, code: 1001, reason: "connection lifetime"))
            refreshDue = true
        case .cutAnotherLast, .cutOwnLast:
            plan(.cut(connection), after: 1)
        }
    }

    // MARK: Messages

    mutating func answer(_ connection: ConnectionID, _ request: JSONValue, _ result: String, _ more: JSONValue = [:]) {
        var message = JSONObject()
        message["operation"] = request["operation"]
        message["result"] = .string(result)
        message["requestId"] = request["requestId"]
        for member in more.object?.members ?? [] { message[member.name] = member.value }
        send(connection, .object(message))
    }

    func final(_ request: JSONValue, _ fields: JSONValue) -> JSONValue {
        var message = JSONObject()
        for name in ["operation", "type", "requestedAmount", "uniqueTransactionId", "reference", "invoice", "requestId"] {
            message[name] = request[name]
        }
        if let id = request["uniqueTransactionID"] { message["uniqueTransactionId"] = id }
        for member in fields.object?.members ?? [] { message[member.name] = member.value }
        message["transactionDate"] = "20260101"
        message["transactionTime"] = "120000"
        message["terminalID"] = "CERTIFY1"
        return .object(message)
    }

    func approval(_ request: JSONValue) -> JSONValue {
        let amount = request["requestedAmount"] ?? "0"
        return final(
            request,
            [
                "result": "0", "approval": "approved", "responseCode": "00", "hostMessage": "APPROVED", "authorizedAmount": amount,
                "totalAmount": amount, "authCode": "123456", "account": "4761739999990119", "cardBrand": "VISA", "cardTypeProcessed": "1",
                "entryMode": "Chip", "state": "completed",
            ])
    }

    private func status(_ request: JSONValue, _ context: String, _ message: String) -> JSONValue {
        var status: JSONObject = JSONObject()
        status["operation"] = "Status"
        status["context"] = .string(context)
        status["result"] = "60"
        status["message"] = .string(message)
        for name in ["uniqueTransactionId", "reference", "requestId"] { status[name] = request[name] }
        return .object(status)
    }

    var information: JSONValue {
        [
            "model": "Conformance kit", "serialNumber": "CERTIFY", "terminalID": "CERTIFY1", "merchantID": "CERTIFY",
            "batchNumber": "000001",
            "state": running == nil ? "idle" : "busy", "hostState": "connected", "pendingReversals": "0", "offlineCount": "0",
            "devices": [],
        ]
    }
}
