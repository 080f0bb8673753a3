import JSON
import Terminal

/// The documents of the protocol, written from the tables that decode and encode it: `docs/protocol`.
public enum ProtocolDocuments {
    /// Path below `docs/protocol`, and content.
    public static var files: [(path: String, content: String)] {
        [("schema.json", schema.prettyText + "\n"), ("asyncapi.json", asyncAPI.prettyText + "\n"), ("operations/README.md", index)]
            + OperationDefinition.all.map { ("operations/\($0.name).md", page($0)) }
    }

    /// One request of every operation, as the pages show it.
    public static var examples: [JSONValue] { OperationDefinition.all.map(\.example) }

    // MARK: JSON Schema

    /// Every message under `$defs`: `NAME.request`, `NAME.response`, `Status`, `Event`, `Error`.
    static var schema: JSONValue {
        var definitions = JSONObject()
        for operation in OperationDefinition.all {
            definitions.append("\(operation.name).request", request(operation))
            definitions.append("\(operation.name).response", response(operation.name, operation.response, operation.allResults))
        }
        definitions.append("Status", FieldFormat.object(OperationDefinition.status) { $0.schema })
        definitions.append("Event", FieldFormat.object(OperationDefinition.event) { $0.schema })
        definitions.append("Error", response("Error", [], [.badField, .busy]))
        let names = definitions.members.map(\.name).filter { !$0.hasSuffix(".request") }
        return [
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Countertop POS protocol",
            "description": "Messages of the terminal; requests are under $defs. Unknown fields are to be ignored.",
            "anyOf": .array(names.map { ["$ref": .string("#/$defs/\($0)")] }), "$defs": .object(definitions),
        ]
    }

    private static func request(_ operation: OperationDefinition) -> JSONValue {
        let name = Field("operation", .choice([operation.name]), required: true, operation.meaning)
        return FieldFormat.object([name] + operation.request + [OperationDefinition.requestID]) { $0.requestSchema }
    }

    private static func response(_ name: String, _ fields: [Field], _ results: [ResultCode]) -> JSONValue {
        let operation = Field("operation", .choice([name]), required: true, "The request's.")
        let generic = OperationDefinition.result
        let result = Field(generic.name, .choice(results.map { String($0.rawValue) }), required: true, generic.meaning)
        // With another result than 0 only what heads every answer is sure to be there.
        let optional = fields.map { Field($0.name, $0.format, $0.meaning) }
        // Of the head, operation and result are the operation's own.
        let head = [operation, result] + OperationDefinition.responseHead.dropFirst(2)
        guard case .object(var object) = FieldFormat.object(head + optional, \.schema) else { return nil }
        var rules: [JSONValue] = [
            // Section 2: errorCondition accompanies every result but 0.
            ["if": ["properties": ["result": ["const": "0"]]], "then": true, "else": ["required": ["errorCondition"]]]
        ]
        if fields.contains(where: { $0.name == "approval" }) {
            // Section 3: approved and authCode only ever stand beside result 0.
            rules.append([
                "if": ["properties": ["result": ["const": "0"]]], "then": true,
                "else": ["properties": ["approval": ["const": "declined"], "authCode": false]],
            ])
        }
        let required = fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty {
            rules.append(["if": ["properties": ["result": ["const": "0"]]], "then": ["required": .array(required)]])
        }
        object.append("allOf", .array(rules))
        return .object(object)
    }

    // MARK: AsyncAPI

    /// AsyncAPI 3.0: the terminal is the server, and receives what a POS sends.
    static var asyncAPI: JSONValue {
        var messages = JSONObject()
        var channel = JSONObject()
        var operations = JSONObject()
        func add(_ name: String, _ summary: String) {
            messages.append(name, ["summary": .string(summary), "payload": ["$ref": .string("schema.json#/$defs/\(name)")]])
            channel.append(name, ["$ref": .string("#/components/messages/\(name)")])
        }
        func reference(_ name: String) -> JSONValue { ["$ref": .string("#/channels/pos/messages/\(name)")] }
        add("Status", "A step of a complex operation.")
        add("Event", "What happened, for a POS that subscribed.")
        add("Error", "The answer to a message that could not be read.")
        for operation in OperationDefinition.all {
            add("\(operation.name).request", operation.meaning)
            add("\(operation.name).response", "The answer to \(operation.name).")
            var answers = [reference("\(operation.name).response")]
            if operation.kind == .complex { answers.append(reference("Status")) }
            operations.append(
                operation.name,
                [
                    "action": "receive", "channel": ["$ref": "#/channels/pos"], "summary": .string(operation.meaning),
                    "messages": [reference("\(operation.name).request")],
                    "reply": ["channel": ["$ref": "#/channels/pos"], "messages": .array(answers)],
                ])
        }
        operations.append(
            "notify", ["action": "send", "channel": ["$ref": "#/channels/pos"], "summary": "Events.", "messages": [reference("Event")]])
        return [
            "asyncapi": "3.0.0", "info": ["title": "Countertop POS protocol", "version": "1.0.0"],
            "servers": [
                "tls": ["host": "localhost:8443", "protocol": "wss"], "loopback": ["host": "localhost:8442", "protocol": "ws"],
            ],
            "channels": ["pos": ["address": "/", "messages": .object(channel)]], "operations": .object(operations),
            "components": ["messages": .object(messages)],
        ]
    }
}
