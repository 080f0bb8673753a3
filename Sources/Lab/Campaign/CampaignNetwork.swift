import ISO8583
import PaymentHost

/// The host and the cables to it. The host outlives every process of the terminal.
final class CampaignNetwork {
    final class Connection {
        weak var link: CampaignLink?
        let number: HostLinkMachine.ConnectionID
        let delay: Duration
        let isAtPrimary: Bool
        /// Bytes that are under way to the host still arrive.
        var carriesOut = true
        var carriesIn = true
        var frames: FrameDecoder

        init(_ link: CampaignLink, _ number: HostLinkMachine.ConnectionID, _ delay: Duration, _ header: LengthHeader, isAtPrimary: Bool) {
            self.link = link
            self.number = number
            self.delay = delay
            self.isAtPrimary = isAtPrimary
            frames = FrameDecoder(header: header)
        }
    }

    private let scheduler: CampaignScheduler
    private(set) var host: HostMachine
    var faults: HostFaults {
        get { host.faults }
        set { host.faults = newValue }
    }
    var isDown = false
    /// Nobody can connect at the host's first address; the second leads to the same books.
    var isPrimaryDown = false
    /// The next message of the terminal does not arrive; the connection does not notice.
    var losesNext = false
    private var random: CampaignRandom
    private var open: [Connection] = []

    init(_ scheduler: CampaignScheduler, host: HostMachine, seed: UInt64) {
        self.scheduler = scheduler
        self.host = host
        random = CampaignRandom(seed: seed)
    }

    func connect(_ link: CampaignLink, _ number: HostLinkMachine.ConnectionID, atPrimary: Bool) {
        let delay = random.milliseconds(2...60)
        scheduler.after(delay) { [self, weak link] in
            guard let link else { return }
            if isDown || (atPrimary && isPrimaryDown) { return link.on(.ended(number, reason: "connection refused")) }
            let connection = Connection(link, number, delay, host.dialect.header, isAtPrimary: atPrimary)
            open.append(connection)
            link.connected(connection)
        }
    }

    func send(_ frame: [UInt8], _ connection: Connection) {
        if losesNext {
            losesNext = false
            return
        }
        scheduler.after(connection.delay) { [self] in
            guard connection.carriesOut else { return }
            connection.frames.append(frame)
            while connection.carriesOut, case .frame(let bytes) = connection.frames.next() {
                for action in host.received(bytes, time: "") { carryOut(action, connection) }
            }
        }
    }

    /// The terminal's end is gone. What it had handed over may still arrive.
    func closed(_ connection: Connection) {
        connection.carriesIn = false
        if random.chance(50) {
            connection.carriesOut = false
        } else {
            scheduler.after(connection.delay) { connection.carriesOut = false }
        }
        open.removeAll { $0 === connection }
    }

    /// Somebody trips over the cable.
    func cut() { for connection in open { end(connection, "connection reset") } }
    func cutPrimary() { for connection in open where connection.isAtPrimary { end(connection, "connection reset") } }

    private func carryOut(_ action: HostMachine.Action, _ connection: Connection) {
        switch action {
        case .send(let bytes, let milliseconds, let answer):
            scheduler.after(.milliseconds(milliseconds)) { [self] in
                guard connection.carriesOut, connection.carriesIn else { return }
                if let answer { _ = host.sent(answer, time: "") }
                scheduler.after(connection.delay) {
                    guard connection.carriesIn else { return }
                    connection.link?.on(.received(connection.number, bytes))
                }
            }
        case .close: end(connection, "connection closed")
        case .record, .keepKeys, .note: break
        }
    }

    private func end(_ connection: Connection, _ reason: String) {
        connection.carriesOut = false
        open.removeAll { $0 === connection }
        scheduler.after(connection.delay) {
            guard connection.carriesIn else { return }
            connection.carriesIn = false
            connection.link?.on(.ended(connection.number, reason: reason))
        }
    }
}
