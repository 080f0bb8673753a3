import Devices
import Glibc
import Listening
import Logging
import Service
import Synchronization
import Terminal

/// `countertop-lab terminal`: the service of `countertop serve`, with the lab's devices on one more bus, the cardholder display on the bus
/// socket's side channel, and an end at any named point on demand.
public enum LabTerminal {
    /// Returns when told to end by a signal or when the lab is gone.
    public static func run(configuration: Configuration, bus path: String, log: (logger: Logger, folder: LogFolder)) async throws {
        let bus = try SocketBusClient(connectingTo: path)
        let display = LabDisplay(bus)
        let armed = ArmedPoint()
        var options = TerminalService.Options()
        options.buses = [bus]
        options.display = display
        options.logs = log.folder
        options.pointReached = { armed.reached($0) }
        let service = try TerminalService(configuration: configuration, options: options, logger: log.logger)
        let ports = try await service.start()
        let listener = Task {
            for await bytes in bus.sideMessages() {
                guard let message = LabMessage(bytes) else { continue }
                switch message {
                case .arm(let point):
                    armed.arm(point.flatMap(TransactionPoint.init(rawValue:)))
                    bus.sendSide(LabMessage.armed(point).bytes)
                case .answer(let answer): display.answered(answer)
                case .ready, .display, .armed: continue
                }
            }
        }
        bus.sendSide(LabMessage.ready(port: ports.port ?? 0, tlsPort: ports.tlsPort ?? 0).bytes)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await TerminationSignals.wait() }
            group.addTask { await listener.value }
            await group.next()
            listener.cancel()
            group.cancelAll()
        }
        await service.shutdown()
    }
}

/// The point at which this process is to end as by a power cut; disarmed by default.
final class ArmedPoint: Sendable {
    private let point = Mutex<TransactionPoint?>(nil)

    func arm(_ point: TransactionPoint?) { self.point.withLock { $0 = point } }

    func reached(_ reached: TransactionPoint) {
        guard point.withLock({ $0 == reached }) else { return }
        kill(getpid(), SIGKILL)
        // SIGKILL takes effect before the system call returns to this thread; other threads may run a moment longer.
        while true { pause() }
    }
}

/// The cardholder display of the lab: what is shown goes to the lab process.
final class LabDisplay: CardholderDisplay {
    private let bus: SocketBusClient
    private let listeners = Mutex(Listeners<CardholderAnswer>())

    init(_ bus: SocketBusClient) { self.bus = bus }

    var abilities: DisplayAbilities { .all }

    func answers() -> AsyncStream<CardholderAnswer>? { listeners.withLock { $0.add() } }

    func answered(_ answer: CardholderAnswer) { listeners.withLock { $0.tell(answer) } }

    func show(_ message: DisplayMessage) async { bus.sendSide(LabMessage.display(message).bytes) }
}
