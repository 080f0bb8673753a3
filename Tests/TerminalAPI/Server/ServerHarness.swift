import Keys
import Logging
import NIOPosix
import NIOSSL
import Terminal
import Testing

@testable import TerminalAPI

/// A server in process on free ports, with a scripted terminal behind it and time in the test's hand.
struct ServerHarness {
    /// The ways a POS may come; one test body runs over each.
    enum Transport: String, CaseIterable, Sendable { case plain, tlsByFirstByte, tlsOnly }

    let server: POSServer
    let terminal: ScriptedTerminal
    let clock: ManualClock
    let ports: POSServer.Ports

    static func tls(_ clientCertificates: POSServerTLS.ClientCertificates = .off) -> POSServerTLS {
        POSServerTLS(
            certificateChain: TestCertificates.server, privateKey: SecretBytes(TestCertificates.serverKey.utf8),
            clientCertificates: clientCertificates, clientAuthorities: TestCertificates.authority)
    }

    static func clientContext(
        certificate: String? = nil, key: String? = nil, maximum: TLSVersion? = nil, ciphers: [NIOTLSCipher]? = nil
    ) throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(TestCertificates.authority.utf8)))
        tls.maximumTLSVersion = maximum
        if let ciphers { tls.cipherSuiteValues = ciphers }
        if let certificate, let key {
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))
        }
        return try NIOSSLContext(configuration: tls)
    }

    /// Runs `body` against a fresh server and shuts it down.
    static func run(
        operations: any OperationPerforming = NoOperations(), _ configure: (inout POSServerConfiguration) -> Void = { _ in },
        _ body: (ServerHarness) async throws -> Void
    ) async throws {
        var configuration = POSServerConfiguration()
        configuration.port = 0
        configuration.tlsPort = 0
        configuration.tls = tls()
        configure(&configuration)
        let (terminal, clock) = (ScriptedTerminal(), ManualClock())
        let server = try POSServer(
            configuration: configuration, terminal: terminal, operations: operations, clock: clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let ports = try await server.start()
        do {
            try await body(ServerHarness(server: server, terminal: terminal, clock: clock, ports: ports))
        } catch {
            await server.shutdown()
            throw error
        }
        await server.shutdown()
    }

    func connect(_ transport: Transport = .plain, headers: [String] = []) async throws -> TestClient {
        let client =
            switch transport {
            case .plain: try await TestClient.connect(port: ports.port, headers: headers)
            case .tlsByFirstByte: try await TestClient.connect(port: ports.port, tls: Self.clientContext(), headers: headers)
            case .tlsOnly: try await TestClient.connect(port: ports.tlsPort, tls: Self.clientContext(), headers: headers)
            }
        try await settle(client)
        return client
    }

    /// Returns when the server has done everything that this client's earlier bytes ask for, timers included, so that time may move.
    func settle(_ client: TestClient) async throws {
        #expect(try await client.ask(["operation": "GetInformation"])["operation"] == "GetInformation")
    }

    /// Starts a sale and takes it to "running".
    func startSale(_ client: TestClient) async throws {
        try await client.send(["operation": "Transaction", "type": "SALE", "requestedAmount": "500", "uniqueTransactionId": "U1"])
        _ = await terminal.expectBegin()
        try await settle(client)
    }

    static func answer(_ result: ResultCode = .completed) -> TransactionAnswer {
        var answer = TransactionAnswer(result: result)
        answer.type = .sale
        answer.transactionID = TransactionID("T1")
        answer.uniqueTransactionID = "U1"
        answer.requestedAmount = 500
        return answer
    }
}
