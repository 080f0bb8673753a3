import Hex
import ISO8583
import Keys

/// The rules of the host link (host-protocol, "Link") as a value: events and the time go in, actions come out. No socket, clock, task or chance.
///
/// One connection at a time. It is up once the host has accepted the sign-on; only then exchanges are sent. What happened before the first byte is
/// told from what happened after: `.notConnected` and `.notSent` mean that the host cannot have seen the message.
public struct HostLinkMachine: Sendable {
    var mapping: DialectMapping
    let addresses: [HostLinkConfiguration.Address]
    let timing: HostLinkTiming
    /// The key encryption key; `nil`: the MAC key is never changed.
    let keyProtection: SecretBytes?

    var phase = Phase.idle
    var waiting: [Waiting] = []
    var inFlight: [ExchangeKey: InFlight] = [:]
    var network: NetworkExchange?
    /// Exchanges whose answers would come late, or a second time.
    var ended = EndedExchanges()
    /// When the next MAC key is asked for; `nil` before the first sign-on.
    var keyDue: Instant?
    /// The host's new key, until it is stored.
    var keyInStore: SecretBytes?
    var backoff: Backoff
    var frames: FrameDecoder
    /// Last byte in either direction.
    var lastActivity: Instant?
    var lastReceived: Instant?
    /// Attempts at each address in turn are a round.
    var round = 0
    var addressIndex = 0
    var lastConnection: ConnectionID = 0
    var isShuttingDown = false
    var pending: [Action] = []
    // Kept, so that whoever carries the actions out need not copy the machine to ask.
    public private(set) var state = HostLinkState.down
    /// When `.time` is due next.
    public private(set) var nextWake: Instant?
    /// For GetInformation, Diagnose and metrics.
    public internal(set) var statistics = HostLinkStatistics()

    /// - Parameters:
    ///   - keyProtection: under which the host sends new MAC keys.
    ///   - seed: for the jitter of the backoff.
    public init(
        mapping: DialectMapping, addresses: [HostLinkConfiguration.Address], timing: HostLinkTiming = HostLinkTiming(),
        keyProtection: SecretBytes? = nil, seed: UInt64
    ) {
        self.mapping = mapping
        self.addresses = addresses
        self.timing = timing
        self.keyProtection = mapping.macKey == nil ? nil : keyProtection
        backoff = Backoff(shortest: timing.shortestBackoff, longest: timing.longestBackoff, seed: seed)
        frames = FrameDecoder(header: mapping.dialect.header)
        if self.keyProtection != nil { statistics.keyCheckValue = mapping.keyCheckValue?.hex }
    }

    public mutating func on(_ event: Event, now: Instant) -> [Action] {
        switch event {
        case .start: if case .idle = phase, !isShuttingDown { beginRound(now) }
        case .exchange(let id, let request, let deadline): exchange(id, request, deadline, now)
        case .connected(let connection): connected(connection, now)
        case .received(let connection, let bytes): received(connection, bytes, now)
        case .ended(let connection, let reason): ended(connection, reason, now)
        case .refused(let connection, let id): refused(connection, id)
        case .stamp(let connection, let function, let stamp): stamped(connection, function, stamp, now)
        case .keyStored(let isStored): keyStored(isStored, now)
        case .time: time(now)
        case .shutdown: shutdown(now)
        }
        count(now)
        if phase.state != state {
            state = phase.state
            pending.append(.state(state))
        }
        nextWake = wake
        defer { pending = [] }
        return pending
    }

    private var wake: Instant? {
        var earliest: Instant?
        func consider(_ moment: Instant) { earliest = earliest.map { min($0, moment) } ?? moment }
        for exchange in waiting { consider(min(exchange.until, exchange.deadline)) }
        for exchange in inFlight.values { consider(exchange.deadline) }
        switch phase {
        case .idle: break
        case .backingOff(let until), .connecting(_, let until), .signingOn(_, let until), .signingOff(_, let until): consider(until)
        case .up(_, let since):
            if addressIndex > 0, inFlight.isEmpty, network == nil { consider(since.advanced(by: timing.failBackInterval)) }
            if let network {
                // An echo without an answer ends the connection only once nobody waits for anything else on it.
                if inFlight.isEmpty || network.function == .keyChange { consider(network.until) }
            } else {
                if let lastActivity { consider(lastActivity.advanced(by: timing.echoInterval)) }
                if let keyDue, keyInStore == nil { consider(keyDue) }
            }
        }
        return earliest
    }

    /// What the actions just decided say about the link.
    private mutating func count(_ now: Instant) {
        for case .complete(_, let outcome) in pending { statistics.count(outcome) }
        statistics.address = phase.connection == nil || !addresses.indices.contains(addressIndex) ? nil : addresses[addressIndex]
    }

    mutating func log(_ severity: Severity, _ text: String) { pending.append(.log(severity, text)) }

    // MARK: Exchanges

    private mutating func exchange(_ id: ExchangeID, _ request: HostRequest, _ deadline: Instant, _ now: Instant) {
        guard !isShuttingDown, now < deadline else { return pending.append(.complete(id, .notConnected)) }
        let until = now.advanced(by: timing.connectWait)
        switch phase {
        case .up(let connection, _): send(id, request, deadline, on: connection, now)
        case .idle, .backingOff:
            // A transaction that needs the link connects at once, ignoring backoff.
            beginRound(now)
            waiting.append(Waiting(id: id, request: request, deadline: deadline, until: until, round: round))
        case .connecting, .signingOn, .signingOff:
            // The attempt under way may be near its end already; a round of its own follows if that fails.
            waiting.append(Waiting(id: id, request: request, deadline: deadline, until: until, round: round + 1))
        }
    }

    private mutating func send(_ id: ExchangeID, _ request: HostRequest, _ deadline: Instant, on connection: ConnectionID, _ now: Instant) {
        do throws(ISO8583Error) {
            let message = try mapping.message(for: request)
            guard let key = ExchangeKey(of: message, mapping.dialect) else {
                throw ISO8583Error(.unencodable, "mti", "\(message.mti) has no answer")
            }
            guard inFlight[key] == nil else { throw ISO8583Error(.unencodable, "11", "is in flight already") }
            let frame = try mapping.frame(message)
            inFlight[key] = InFlight(id: id, request: request, sent: message, deadline: deadline, macKey: mapping.macKey)
            lastActivity = now
            pending.append(.send(connection, frame: frame, id))
        } catch {
            // The message cannot be made, so nothing was handed over.
            log(.warning, "request not sent: \(error)")
            pending.append(.complete(id, .notSent))
        }
    }

    private mutating func refused(_ connection: ConnectionID, _ id: ExchangeID) {
        guard phase.connection == connection, let key = inFlight.first(where: { $0.value.id == id })?.key else { return }
        inFlight[key] = nil
        pending.append(.complete(id, .notSent))
    }

    /// The connection is up: what waited goes out, in order.
    mutating func sendWaiting(on connection: ConnectionID, _ now: Instant) {
        let released = waiting
        waiting = []
        for exchange in released {
            if now >= exchange.deadline {
                pending.append(.complete(exchange.id, .notConnected))
            } else {
                send(exchange.id, exchange.request, exchange.deadline, on: connection, now)
            }
        }
    }

    /// Every exchange after its first byte ends like this when the connection ends.
    mutating func endInFlight(_ outcome: HostOutcome) {
        let exchanges = inFlight.sorted { $0.value.id < $1.value.id }
        inFlight = [:]
        for (key, exchange) in exchanges {
            ended.insert(key, .unanswered)
            pending.append(.complete(exchange.id, outcome))
        }
    }

    // MARK: Time

    private mutating func time(_ now: Instant) {
        for exchange in waiting where now >= min(exchange.until, exchange.deadline) {
            pending.append(.complete(exchange.id, .notConnected))
        }
        waiting.removeAll { now >= min($0.until, $0.deadline) }
        for (key, exchange) in inFlight.sorted(by: { $0.value.id < $1.value.id }) where now >= exchange.deadline {
            inFlight[key] = nil
            ended.insert(key, .unanswered)
            log(.warning, "\(exchange.sent.mti) \(key.stan): no answer in time")
            pending.append(.complete(exchange.id, .noAnswer))
        }
        switch phase {
        case .idle: break
        case .backingOff(let until): if now >= until { beginRound(now) }
        case .connecting(let connection, let until):
            if now >= until { fail(connection, "no connection in time", now) }
        case .signingOn(let connection, let until):
            if now >= until { fail(connection, "sign-on not answered in time", now) }
        case .signingOff(let connection, let until): if now >= until { finish(connection) }
        case .up(let connection, let since):
            if addressIndex > 0, inFlight.isEmpty, network == nil, now >= since.advanced(by: timing.failBackInterval) {
                return failBack(connection, now)
            }
            watch(connection, now)
        }
    }

    /// Nothing is under way, so nothing is lost by the change; should the primary still be away, the round ends at the secondary again.
    private mutating func failBack(_ connection: ConnectionID, _ now: Instant) {
        log(.notice, "trying \(addresses.first?.description ?? "") again")
        pending.append(.close(connection))
        beginRound(now)
    }

    private mutating func watch(_ connection: ConnectionID, _ now: Instant) {
        if let network {
            guard now >= network.until, inFlight.isEmpty || network.function == .keyChange else { return }
            if let key = network.key { ended.insert(key, .unanswered) }
            if network.function == .keyChange { return keyRefused("no answer in time", now) }
            // Not sent for want of a trace number, or any byte since shows that the host is there: no reason to doubt the connection.
            if network.key == nil || lastReceived.map({ $0 > network.since }) == true {
                self.network = nil
                lastActivity = now
                return
            }
            lose(connection, "echo not answered", .noAnswer, now)
        } else if isKeyDue(now) {
            askForKey(connection, now)
        } else if let lastActivity, now >= lastActivity.advanced(by: timing.echoInterval) {
            requestStamp(.echo, connection, since: now, until: now.advanced(by: timing.echoLimit))
        }
    }
}
