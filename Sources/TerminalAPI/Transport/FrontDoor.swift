import Hex
import Keys
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Terminal

/// Lets connections in: by address, first byte, TLS, HTTP request and certificate, within the handshake limit. Lives on one event loop.
final class FrontDoor {
    /// Connections that are still on their way to the upgrade.
    private static let handshakeLimit = 64

    private let configuration: POSServerConfiguration
    private let clock: any ServerClock
    private let logger: Logger
    /// Who lives above a connection that was let in.
    private let makeHandler: (PeerIdentity, _ isTrusted: Bool) -> WebSocketHandler
    var tls: NIOSSLContext?
    var rules = HandshakeRules(origins: [])
    private var handshakes: [ObjectIdentifier: @Sendable () -> Void] = [:]
    private(set) var channels: [ObjectIdentifier: any Channel] = [:]
    private var isShut = false

    init(
        configuration: POSServerConfiguration, tls: NIOSSLContext?, clock: any ServerClock, logger: Logger,
        makeHandler: @escaping (PeerIdentity, _ isTrusted: Bool) -> WebSocketHandler
    ) {
        self.configuration = configuration
        self.tls = tls
        self.clock = clock
        self.logger = logger
        self.makeHandler = makeHandler
    }

    /// A new TCP connection.
    func accept(_ channel: any Channel, tlsOnly: Bool) throws {
        guard !isShut, let address = channel.remoteAddress?.ipAddress.flatMap({ IPAddress($0) }) else { throw ChannelError.eof }
        let byAddress = configuration.admits(address)
        // Without a list of certificates nothing that the peer could still show would let it in.
        guard byAddress || !configuration.allowCertificates.isEmpty else {
            logger.notice("POS connection refused by pos.allow", metadata: ["address": "\(address)"])
            throw ChannelError.eof
        }
        guard handshakes.count < Self.handshakeLimit else {
            logger.warning("POS connection refused: too many handshakes at once", metadata: ["address": "\(address)"])
            throw ChannelError.eof
        }
        watch(channel)
        let visitor = Visitor(address: address, byAddress: byAddress)
        if tlsOnly { return try configure(channel, visitor, tls: true) }
        let handler = FirstByteHandler(plainAllowed: configuration.takesPlain(from: address)) { try self.configure($0, visitor, tls: $1) }
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    func shut() {
        isShut = true
        for (id, cancel) in handshakes {
            cancel()
            channels[id]?.close(promise: nil)
        }
        handshakes = [:]
    }

    /// Closes the connection at the handshake limit, and forgets it when it ends.
    private func watch(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        channels[id] = channel
        handshakes[id] = clock.wake(channel.eventLoop, after: configuration.times.handshake) { channel.close(promise: nil) }
        channel.closeFuture.assumeIsolated().whenComplete { _ in
            self.handshakeEnded(id)
            self.channels[id] = nil
        }
    }

    private func handshakeEnded(_ id: ObjectIdentifier) { handshakes.removeValue(forKey: id)?() }

    private func configure(_ channel: any Channel, _ visitor: Visitor, tls: Bool) throws {
        if tls {
            guard let context = self.tls else { throw POSServerError(.tls, "No certificate is configured.") }
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        }
        let door = NIOLoopBound(self, eventLoop: channel.eventLoop)
        try WebSocketUpgrade.configure(channel, frameLimit: configuration.messageLimit, metrics: configuration.metrics) { channel, head in
            door.value.verdict(channel, head, visitor)
        } makeHandler: { channel in
            door.value.handler(channel, visitor)
        }
    }

    private func verdict(_ channel: any Channel, _ head: HTTPRequestHead, _ visitor: Visitor) -> HandshakeRules.Verdict {
        guard visitor.byAddress || certificate(channel).map(configuration.allowCertificates.contains) == true else {
            logger.notice("POS connection refused by pos.allow", metadata: ["address": "\(visitor.address)"])
            return .refuse(.forbidden)
        }
        let verdict = rules.verdict(on: head)
        if verdict == .metrics, configuration.metrics == nil || !visitor.address.isLoopback { return .refuse(.notFound) }
        if verdict == .refuse(.forbidden) {
            logger.notice("POS connection refused: its Origin is not on the list pos.origins", metadata: ["address": "\(visitor.address)"])
        }
        return verdict
    }

    private func handler(_ channel: any Channel, _ visitor: Visitor) -> WebSocketHandler {
        handshakeEnded(ObjectIdentifier(channel))
        // A peer is a client certificate, or else an address (pos-protocol, section 5).
        let certificate = certificate(channel)
        let peer = PeerIdentity(certificate.map { "certificate \($0)" } ?? visitor.address.description)
        let isTrusted = certificate != nil || visitor.address.isLoopback
        return makeHandler(peer, isTrusted)
    }

    /// SHA-256 fingerprint of the client's certificate, if it showed one that was verified.
    private func certificate(_ channel: any Channel) -> String? {
        guard let handler = try? channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self),
            let der = try? handler.peerCertificate?.toDERBytes(), let digest = try? Digest.sha256(der)
        else { return nil }
        return digest.hex
    }

    /// Who knocks.
    private struct Visitor: Sendable {
        var address: IPAddress
        /// The address alone lets it in.
        var byAddress: Bool
    }
}
