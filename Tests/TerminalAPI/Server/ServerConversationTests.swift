import JSON
import Terminal
import Testing

@testable import TerminalAPI

@Suite("A POS over TCP and TLS", .timeLimit(.minutes(1)))
struct ServerConversationTests {
    @Test("GetInformation has exactly the contract's shape, values as strings", arguments: ServerHarness.Transport.allCases)
    func information(_ transport: ServerHarness.Transport) async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect(transport)
            try await harness.clock.advance(by: .seconds(90))
            let answer = try await client.ask(["operation": "GetInformation", "requestId": "0123456789abcdef"])
            let expected: JSONValue = [
                "operation": "GetInformation", "result": "0", "requestId": "0123456789abcdef",
                "information": [
                    "model": "Countertop", "serialNumber": "0001", "applicationName": "countertop", "applicationVersion": "0.1.0",
                    "terminalID": "T0000001", "merchantID": "M00000000000001", "dateTime": .string(LocalTime.rfc3339(1_767_225_690)),
                    "uptimeSeconds": "90", "nextRestart": .string(LocalTime.rfc3339(1_767_312_000)), "batchNumber": "000007",
                    "state": "idle",
                    "hostState": "connected", "pendingReversals": "1", "offlineCount": "0",
                    "devices": [["kind": "chip", "model": "Reader", "serialNumber": "R1", "state": "ready"]],
                ],
            ]
            #expect(answer == expected)
        }
    }

    @Test("a sale: Status as it comes, then the final, ids echoed", arguments: ServerHarness.Transport.allCases)
    func sale(_ transport: ServerHarness.Transport) async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect(transport)
            try await client.send([
                "operation": "Transaction", "type": "SALE", "requestedAmount": 500, "uniqueTransactionId": "U1", "reference": "",
                "requestId": "0123456789abcdef", "somethingNew": ["1": "2"],
            ])
            let begun = await harness.terminal.expectBegin()
            var expected = TransactionRequest(type: .sale)
            expected.requestedAmount = 500
            expected.uniqueTransactionID = "U1"
            expected.requestID = "0123456789abcdef"
            #expect(begun?.0 == expected)
            #expect(begun?.1 == PeerIdentity("127.0.0.1"))
            harness.terminal.report(.status(.card, message: "Insert card"))
            #expect(
                try await client.message() == [
                    "operation": "Status", "context": "Card", "result": "60", "message": "Insert card", "uniqueTransactionId": "U1",
                    "requestId": "0123456789abcdef",
                ])
            harness.terminal.report(.final(ServerHarness.answer()))
            #expect(
                try await client.message() == [
                    "operation": "Transaction", "result": "0", "requestId": "0123456789abcdef", "type": "SALE", "requestedAmount": "500",
                    "transactionID": "T1", "uniqueTransactionId": "U1",
                ])
        }
    }

    @Test("a second Transaction gets 5 without ids, GetInformation is answered meanwhile", arguments: ServerHarness.Transport.allCases)
    func busy(_ transport: ServerHarness.Transport) async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect(transport)
            let second = try await harness.connect(transport)
            try await harness.startSale(client)
            let refusal = try await second.ask([
                "operation": "Transaction", "type": "SALE", "requestedAmount": "700", "uniqueTransactionId": "U2",
            ])
            #expect(
                refusal == [
                    "operation": "Transaction", "result": "5", "errorCondition": "busy", "errorMessage": "Another operation is running.",
                ])
            #expect(try await second.ask(["operation": "GetInformation"])["result"] == "0")
        }
    }

    @Test("Cancel is answered before the 12", arguments: ServerHarness.Transport.allCases)
    func cancel(_ transport: ServerHarness.Transport) async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect(transport)
            #expect(try await client.ask(["operation": "Cancel"])["result"] == "14")
            try await harness.startSale(client)
            try await client.send(["operation": "Cancel"])
            guard case .cancel(TransactionID("T1")) = await harness.terminal.next() else {
                Issue.record("the terminal was not asked to cancel")
                return
            }
            harness.terminal.report(.final(ServerHarness.answer(.cancelledByPOS)))
            #expect(try await client.message() == ["operation": "Cancel", "result": "0"])
            let final = try await client.message()
            #expect(final["result"] == "12" && final["errorCondition"] == "cancelled" && final["uniqueTransactionId"] == "U1")
        }
    }

    @Test("the POS cut before host contact: the terminal hears lost; back, LastTransaction says 12")
    func cutBefore() async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect()
            try await harness.startSale(client)
            await client.cut()
            await harness.terminal.expectPresence(.lost)
            harness.terminal.report(.final(ServerHarness.answer(.cancelledByPOS)))
            harness.terminal.script {
                $0.last = RecordedTransaction(
                    id: TransactionID("T1"), peer: PeerIdentity("127.0.0.1"), answer: ServerHarness.answer(.cancelledByPOS))
            }
            let back = try await harness.connect()
            let last = try await back.ask(["operation": "LastTransaction"])
            #expect(last["operation"] == "LastTransaction" && last["result"] == "12" && last["uniqueTransactionId"] == "U1")
        }
    }

    @Test("the POS cut while the host works and back at once: LastTransaction is held, counts as there, and gets the outcome")
    func cutDuring() async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect()
            try await harness.startSale(client)
            await client.cut()
            await harness.terminal.expectPresence(.lost)
            let back = try await harness.connect()
            harness.terminal.script {
                $0.last = RecordedTransaction(id: TransactionID("T1"), peer: PeerIdentity("127.0.0.1"), answer: nil)
            }
            try await back.send(["operation": "LastTransaction"])
            await harness.terminal.expectPresenceAndLookUp()
            try await harness.clock.advance(by: .milliseconds(1900))
            harness.terminal.report(.final(ServerHarness.answer()))
            let last = try await back.message()
            #expect(last["operation"] == "LastTransaction" && last["result"] == "0" && last["errorCondition"] == nil)
        }
    }

    @Test("LastTransaction held 8 s gets 5")
    func heldTooLong() async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect()
            try await harness.startSale(client)
            harness.terminal.script {
                $0.last = RecordedTransaction(id: TransactionID("T1"), peer: PeerIdentity("127.0.0.1"), answer: nil)
            }
            try await client.send(["operation": "LastTransaction"])
            await harness.terminal.expectLastTransaction()
            try await harness.settle(client)
            try await harness.clock.advance(by: .seconds(8))
            #expect(try await client.message()["result"] == "5")
        }
    }

    @Test("a running operation pings its connection every 2 s; idle, nothing is sent")
    func pings() async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect()
            client.answersPings = false
            try await harness.clock.advance(by: .seconds(3600))
            try await harness.startSale(client)
            try await harness.clock.advance(by: .seconds(2))
            #expect(try await client.next() == .ping)
            // Silence: suspect 4 s after the first ping.
            try await harness.clock.advance(by: .seconds(4))
            await harness.terminal.expectPresence(.away)
            // Any byte, here the first of a frame.
            try await client.write([0x8A])
            await harness.terminal.expectPresence(.there)
        }
    }

    @Test("what cannot be read is answered with operation Error and 3, and the connection stays")
    func unreadable() async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect()
            for text in [
                "", "{", "[]", "7", "{\"operation\":\"A\",\"operation\":\"B\"}", "{}", "{\"operation\":7}",
                String(repeating: "[", count: 40),
            ] {
                try await client.send(text)
                let answer = try await client.message()
                #expect(answer["operation"] == "Error" && answer["result"] == "3" && answer["errorCondition"] == "invalidField")
                #expect(answer["errorMessage"]?.string?.isEmpty == false)
            }
            #expect(
                try await client.ask(["operation": "Dance"]) == [
                    "operation": "Dance", "result": "200", "errorCondition": "unsupported", "errorMessage": "The operation is not known.",
                ])
            #expect(try await client.ask(["operation": "GetInformation"])["result"] == "0")
        }
    }
}

extension ScriptedTerminal {
    /// A held `LastTransaction` brings presence and look-up; they travel on separate ways.
    func expectPresenceAndLookUp(_ location: SourceLocation = #_sourceLocation) async {
        var there = false
        var lookUp = false
        for _ in 0..<2 {
            switch await next() {
            case .presence(.there, _): there = true
            case .lastTransaction: lookUp = true
            case let call: Issue.record("unexpected call \(String(describing: call))", sourceLocation: location)
            }
        }
        #expect(there && lookUp, sourceLocation: location)
    }
}
