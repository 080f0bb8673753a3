import JSON
import Terminal
import Testing

@testable import TerminalAPI

@Suite("Every operation: its table decodes, checks and describes it")
struct OperationDefinitionTests {
    /// Malformed values of a format: none may be taken for a value of it.
    private static func malformed(_ format: FieldFormat) -> [JSONValue] {
        let anyWay: [JSONValue] = [true, .number("1.5"), ["x": [1]]]
        switch format {
        case .text(let length, _): return anyWay + [.string(String(repeating: "a", count: length.upperBound + 1)), "\u{e9}", []]
        case .prose(let atMost): return anyWay + [.string(String(repeating: "a", count: atMost + 1)), "a\u{7}", []]
        case .digits(let length, _): return anyWay + [.string(String(repeating: "1", count: length.upperBound + 1)), "1a", -1]
        case .amount: return anyWay + ["1.00", "-1", "1234567890123", -1]
        case .number(let range): return anyWay + ["x", .integer(range.upperBound + 1), "-1"]
        case .flag: return anyWay + ["2", "true", 2]
        case .choice: return anyWay + ["no such choice", 1]
        case .words: return anyWay + ["no such word", ["no such word"], [1]]
        case .quantity: return anyWay + ["1.2.3", ".5", "-1", "1e3"]
        case .pem: return anyWay + ["no PEM", 1]
        case .list: return anyWay + ["no list", ["no element"], [1]]
        case .object, .string: return []
        }
    }

    @Test("the example of every operation is a request of it", arguments: OperationDefinition.all.map(\.name))
    func examples(_ name: String) throws {
        let definition = try #require(OperationDefinition.byName[name])
        let request = POSRequestDecoder.decode(definition.example.bytes)
        #expect(request.operation == name)
        switch request.body {
        case .invalid(let error): Issue.record("\(error)")
        case .unsupported(let text): Issue.record("\(text)")
        default: break
        }
    }

    @Test("every known field that is malformed is 3 and named", arguments: OperationDefinition.all.map(\.name))
    func malformedFields(_ name: String) throws {
        let definition = try #require(OperationDefinition.byName[name])
        for field in definition.request + [OperationDefinition.requestID] {
            for value in Self.malformed(field.format) {
                // Choices of texts are taken from strings of digits only where the format says so; the list's own element may be a text.
                if case .list(_, .prose) = field.format, value == ["no element"] { continue }
                var object = try #require(definition.example.object)
                object[field.name] = value
                let request = POSRequestDecoder.decode(JSONValue.object(object).bytes)
                guard case .invalid(let error) = request.body else {
                    Issue.record("\(name).\(field.name) took \(value.text)")
                    continue
                }
                #expect(error.field == field.name || error.field.hasPrefix(field.name + "."), "\(name).\(field.name): \(error)")
            }
        }
    }

    @Test("every required field that is absent is 3 and named")
    func requiredFields() throws {
        for definition in OperationDefinition.all {
            for field in definition.request where field.isRequired {
                var object = try #require(definition.example.object)
                for absent in [nil, "", .null] as [JSONValue?] {
                    object[field.name] = absent
                    guard case .invalid(let error) = POSRequestDecoder.decode(JSONValue.object(object).bytes).body else {
                        Issue.record("\(definition.name) without \(field.name)")
                        continue
                    }
                    #expect(error.field == field.name)
                }
            }
        }
    }

    @Test("names stand once, in every table")
    func distinctNames() {
        #expect(OperationDefinition.byName.count == OperationDefinition.all.count)
        for definition in OperationDefinition.all {
            let reserved = ["operation", "requestId"]
            let request = definition.request.map(\.name) + reserved
            #expect(Set(request).count == request.count, "\(definition.name)")
            let response = definition.response.map(\.name) + reserved + ["result", "errorCondition", "errorMessage"]
            #expect(Set(response).count == response.count, "\(definition.name)")
        }
    }

    @Test("Input: free prompts take a choice only; what is typed answers a prompt of the table")
    func input() {
        func decode(_ fields: (String, JSONValue)...) -> POSRequest.Body {
            var object = JSONObject()
            object["operation"] = "Input"
            for (name, value) in fields { object[name] = value }
            return POSRequestDecoder.decode(JSONValue.object(object).bytes).body
        }
        func field(_ body: POSRequest.Body) -> String? { if case .invalid(let error) = body { error.field } else { nil } }
        #expect(field(decode(("kind", "digits"), ("text", "Your card number"))) == "text")
        #expect(field(decode(("kind", "digits"), ("promptId", "phone"), ("text", "Your card number"))) == "text")
        #expect(field(decode(("kind", "digits"))) == "promptId")
        #expect(field(decode(("kind", "text"), ("promptId", "phone"))) == "promptId")
        #expect(field(decode(("kind", "confirm"))) == "text")
        #expect(field(decode(("kind", "menu"))) == "options")
        #expect(field(decode(("kind", "menu"), ("options", ["a", "a"]))) == "options")
        #expect(field(decode(("kind", "confirm"), ("text", "?"), ("options", ["a", "b"]))) == "options")
        #expect(
            decode(("kind", "menu"), ("options", ["a", "b"]))
                == .operation(.input(.init(.menu(text: nil, options: ["a", "b"]), seconds: 60))))
    }

    @Test("GetTransaction names exactly one transaction; requestId alone is a name")
    func getTransaction() {
        func decode(_ fields: JSONObject) -> POSRequest.Body { POSRequestDecoder.decode(JSONValue.object(fields).bytes).body }
        var object = JSONObject()
        object["operation"] = "GetTransaction"
        guard case .invalid = decode(object) else {
            Issue.record("without a name")
            return
        }
        object["requestId"] = "0123456789abcdef"
        #expect(decode(object) == .getTransaction(.requestID("0123456789abcdef")))
        object["reference"] = "R1"
        #expect(decode(object) == .getTransaction(.reference("R1")))
        object["uniqueTransactionId"] = "U1"
        guard case .invalid = decode(object) else {
            Issue.record("with two names")
            return
        }
        object["reference"] = nil
        #expect(decode(object) == .getTransaction(.uniqueTransactionID("U1")))
    }

    @Test("a text or its lines, not both; PrintText and Display")
    func texts() {
        for operation in ["Display", "PrintText"] {
            func field(_ change: (inout JSONObject) -> Void) -> String? {
                var object = JSONObject()
                object["operation"] = .string(operation)
                change(&object)
                guard case .invalid(let error) = POSRequestDecoder.decode(JSONValue.object(object).bytes).body else { return nil }
                return error.field
            }
            let lines: JSONValue = operation == "Display" ? ["a"] : [["text": "a"]]
            #expect(field { _ in } == "text")
            #expect(
                field {
                    $0["text"] = "a"; $0["lines"] = lines
                } == "text")
            #expect(field { $0["text"] = "a\nb" } == nil)
            #expect(field { $0["lines"] = lines } == nil)
        }
    }

    @Test("what answers besides transactions is written under the contract's names")
    func answers() throws {
        func encode(_ answer: OperationAnswer) throws -> JSONValue {
            try JSONValue(
                parsing: POSMessageEncoder().encode(.operation("X", answer, requestID: nil)) {
                    (ScriptedTerminal.information, .init(dateTime: "", uptimeSeconds: 0, nextRestart: ""))
                })
        }
        #expect(try encode(OperationAnswer(.button("Yes"))) == ["operation": "X", "result": "0", "button": "Yes"])
        #expect(try encode(OperationAnswer(.answer("1"))) == ["operation": "X", "result": "0", "answer": "1"])
        #expect(
            try encode(OperationAnswer(.signature([0x89, 0x50, 0x4E, 0x47]))) == ["operation": "X", "result": "0", "signature": "iVBORw=="])
        #expect(
            try encode(OperationAnswer(.parameters([.init(key: "LANG", value: "1")]), message: "m"))
                == ["operation": "X", "result": "0", "errorMessage": "m", "parameters": [["key": "LANG", "value": "1"]]])
        #expect(
            try encode(OperationAnswer(.timeout, nil, "t")) == [
                "operation": "X", "result": "10", "errorCondition": "timeout", "errorMessage": "t",
            ])
        var answer = TransactionAnswer(result: .declinedByHost)
        answer.approval = .declined
        answer.merchantReceipt = "not listed"
        #expect(
            try encode(OperationAnswer(.transactions([answer], cursor: "c"))) == [
                "operation": "X", "result": "0", "transactions": [["result": "19", "errorCondition": "declined", "approval": "declined"]],
                "cursor": "c",
            ])
        let certificate = try encode(OperationAnswer(.certificate(fingerprint: "AB", expires: WallTime(milliseconds: 0))))
        #expect(certificate["fingerprint"] == "AB" && certificate["expires"]?.string?.hasPrefix("19") == true)
    }

    @Test("Status is written under the contract's names, in every context", arguments: StatusContext.allCases)
    func status(_ context: StatusContext) throws {
        let message = POSMessage.status(
            context, message: "m", uniqueTransactionID: "U1", reference: "R1", requestID: "0123456789abcdef")
        let encoded = try JSONValue(
            parsing: POSMessageEncoder().encode(message) {
                (ScriptedTerminal.information, .init(dateTime: "", uptimeSeconds: 0, nextRestart: ""))
            })
        #expect(
            encoded == [
                "operation": "Status", "context": .string(context.rawValue), "result": "60", "message": "m", "uniqueTransactionId": "U1",
                "reference": "R1", "requestId": "0123456789abcdef",
            ])
        let contexts = ["Tip", "Card", "CardEntry", "ApplicationSelection", "Pin", "Communication", "Signature", "RemoveCard", "Receipt"]
        #expect(StatusContext.allCases.map(\.rawValue) == contexts)
    }

    @Test("events are written under the contract's names")
    func events() throws {
        func encode(_ event: TerminalEvent) throws -> JSONValue {
            try JSONValue(
                parsing: POSMessageEncoder().encode(.event(event)) {
                    (ScriptedTerminal.information, .init(dateTime: "", uptimeSeconds: 0, nextRestart: ""))
                })
        }
        #expect(try encode(.host(.down)) == ["operation": "Event", "event": "host", "hostState": "down"])
        #expect(try encode(.card(isPresent: true)) == ["operation": "Event", "event": "card", "card": "present"])
        #expect(try encode(.maintenance("m")) == ["operation": "Event", "event": "maintenance", "message": "m"])
        #expect(try encode(.device(ScriptedTerminal.information.devices[0]))["device"]?["kind"] == "chip")
    }
}
