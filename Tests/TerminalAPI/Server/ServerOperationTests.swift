import JSON
import NIOSSL
import Synchronization
import Terminal
import Testing

@testable import TerminalAPI

@Suite("Operations besides transactions over the socket")
struct ServerOperationTests {
    @Test("an operation is answered with what the terminal made of it, trusted on loopback")
    func answered() async throws {
        let operations = ScriptedOperations { request, isTrusted in
            OperationAnswer(.parameters([.init(key: isTrusted ? "trusted" : "stranger", value: "1")]))
        }
        try await ServerHarness.run(operations: operations) { harness in
            let client = try await harness.connect()
            #expect(
                try await client.ask(["operation": "GetParameter", "requestId": "0123456789abcdef"]) == [
                    "operation": "GetParameter", "result": "0", "requestId": "0123456789abcdef",
                    "parameters": [["key": "trusted", "value": "1"]],
                ])
        }
    }

    @Test("Cancel ends the task of a complex operation; the final is 12")
    func cancel() async throws {
        let operations = ScriptedOperations { _, _ in
            // Until the task is cancelled.
            for await _ in AsyncStream<Void>.makeStream().stream {}
            return OperationAnswer(.answer("1"))
        }
        try await ServerHarness.run(operations: operations) { harness in
            let client = try await harness.connect()
            try await client.send(["operation": "Input", "kind": "confirm", "text": "?"])
            #expect(try await client.ask(["operation": "Cancel"])["result"] == "0")
            #expect(try await client.message()["result"] == "12")
        }
    }

    @Test("events reach the connection that asked for them")
    func events() async throws {
        let operations = ScriptedOperations { _, _ in OperationAnswer() }
        try await ServerHarness.run(operations: operations) { harness in
            let client = try await harness.connect()
            #expect(try await client.ask(["operation": "Subscribe", "events": "card"])["result"] == "0")
            operations.tell(.host(.down))
            operations.tell(.card(isPresent: true))
            #expect(try await client.message() == ["operation": "Event", "event": "card", "card": "present"])
        }
    }

    @Test("a restart is announced: Event maintenance to those that asked for it, always before 1001", arguments: 0..<20)
    func announced(_ attempt: Int) async throws {
        try await ServerHarness.run(operations: ScriptedOperations { _, _ in OperationAnswer() }) { harness in
            let (client, other) = (try await harness.connect(), try await harness.connect())
            #expect(try await client.ask(["operation": "Subscribe", "events": ["maintenance"]])["result"] == "0")
            async let done: Void = harness.server.shutdown(announcing: .maintenance("The terminal restarts."))
            #expect(
                try await client.message() == ["operation": "Event", "event": "maintenance", "message": "The terminal restarts."])
            #expect(try await client.next() == .close(1001, "terminal restart"))
            #expect(try await other.next() == .close(1001, "terminal restart"))
            await client.cut()
            await other.cut()
            await done
        }
    }

    @Test(
        "a certificate replaced is shown to new connections, the others go on",
        arguments: [ServerHarness.Transport.tlsOnly, .tlsByFirstByte])
    func hotReload(_ transport: ServerHarness.Transport) async throws {
        try await ServerHarness.run { harness in
            let before = try await harness.connect(transport)
            // The till's certificate is not for localhost: a client that checks names must now refuse.
            try await harness.server.replaceTLS(
                POSServerTLS(certificateChain: TestCertificates.till, privateKey: .init(TestCertificates.tillKey.utf8)))
            #expect(try await before.ask(["operation": "GetInformation"])["result"] == "0")
            await #expect(throws: (any Error).self) { _ = try await harness.connect(transport) }
            try await harness.server.replaceTLS(ServerHarness.tls())
            #expect(try await harness.connect(transport).ask(["operation": "GetInformation"])["result"] == "0")
            #expect(try await before.ask(["operation": "GetInformation"])["result"] == "0")
        }
    }
}

/// A terminal whose every operation a test answers.
final class ScriptedOperations: OperationPerforming {
    private let answer: @Sendable (OperationRequest, Bool) async -> OperationAnswer
    private let happened = TerminalEvents()

    init(_ answer: @escaping @Sendable (OperationRequest, Bool) async -> OperationAnswer) { self.answer = answer }

    func perform(
        _ request: OperationRequest, peer: PeerIdentity, isTrusted: Bool, status: @escaping @Sendable (StatusContext, String) -> Void
    ) async -> OperationAnswer { await answer(request, isTrusted) }

    func events() -> AsyncStream<TerminalEvent> { happened.stream() }
    func restart() {}
    func tell(_ event: TerminalEvent) { happened.tell(event) }
}
