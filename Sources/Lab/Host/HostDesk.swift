import ISO8583
import Keys
import Logging
import NIOConcurrencyHelpers
import NIOCore

/// The one place where all connections and the control interface meet: the machine, its file, the clock, and who is connected. Behind a lock.
final class HostDesk: Sendable {
    private struct State {
        var machine: HostMachine
        let file: HostLedgerFile?
        let keysPath: String?
        var connections: [ObjectIdentifier: any Channel] = [:]
    }

    private let state: NIOLockedValueBox<State>
    /// RFC 3339, UTC.
    private let now: @Sendable () -> String
    private let logger: Logger

    init(machine: HostMachine, file: HostLedgerFile?, keysPath: String?, now: @escaping @Sendable () -> String, logger: Logger) {
        state = NIOLockedValueBox(State(machine: machine, file: file, keysPath: keysPath))
        self.now = now
        self.logger = logger
    }

    var ledger: HostLedger { state.withLockedValue { $0.machine.ledger } }
    var keys: HostMACKeys { state.withLockedValue { $0.machine.keys } }
    var faults: HostFaults { state.withLockedValue { $0.machine.faults } }

    func apply(_ change: HostChange) { state.withLockedValue { change.apply(to: &$0.machine.faults) } }

    /// What is to be done on the connection; the books are on disk before it returns. If they cannot be written nothing is answered.
    func received(_ bytes: [UInt8]) -> [HostMachine.Action] {
        state.withLockedValue { state in
            let actions = state.machine.received(bytes, time: now())
            for action in actions {
                switch action {
                case .record(let entry): guard write(entry, state.file) else { return [.close] }
                case .keepKeys(let keys): guard keep(keys, state.keysPath) else { return [.close] }
                case .note(let text): note(text)
                case .send, .close: break
                }
            }
            return actions
        }
    }

    /// Whether the answer is in the books and may leave.
    func recordSent(_ answer: Message) -> Bool {
        state.withLockedValue { write($0.machine.sent(answer, time: now()), $0.file) }
    }

    func note(_ text: String) { logger.info("host simulator: \(text)") }

    /// Whether the connection may stay: one that was accepted just before `refuse` may not.
    func opened(_ channel: any Channel) -> Bool {
        state.withLockedValue {
            guard $0.machine.faults.mode != .refuse else { return false }
            $0.connections[ObjectIdentifier(channel)] = channel
            return true
        }
    }

    func closed(_ channel: any Channel) { state.withLockedValue { $0.connections[ObjectIdentifier(channel)] = nil } }

    /// Closes every connection and waits until they are gone.
    func closeConnections() async {
        for channel in state.withLockedValue({ Array($0.connections.values) }) { try? await channel.close() }
    }

    private func keep(_ keys: HostMACKeys, _ path: String?) -> Bool {
        guard let path else { return true }
        do {
            try PrivateFile.replace(path, keys.lines)
            return true
        } catch {
            logger.error("host simulator: \(error)")
            return false
        }
    }

    private func write(_ entry: LedgerEntry, _ file: HostLedgerFile?) -> Bool {
        do {
            try file?.append(entry)
            return true
        } catch {
            logger.error("host simulator: \(error)")
            return false
        }
    }
}
