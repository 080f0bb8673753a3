import Synchronization
import USB

/// Serves one virtual device to one kernel over a connected socket.
final class USBIPSession: Sendable {
    private struct State {
        var transfers = USBIPTransfers()
        /// The port's numbers of what is under way, by the importer's.
        var numbers: [UInt32: VirtualPort.TransferID] = [:]
        var isEnded = false
    }

    private let port: VirtualPort
    private let connection: BusConnection
    private let state = Mutex(State())

    init(_ port: VirtualPort, _ connection: BusConnection) {
        self.port = port
        self.connection = connection
    }

    /// Starts serving on a connection that carries nothing but transfers. `onEnd` is called once, on the connection's thread.
    func start(_ name: String, onEnd: @escaping @Sendable (String?) -> Void) throws(USBError) {
        try connection.start(
            name,
            reading: { [self] in
                var decoder = USBIPDecoder(.transfers)
                return { bytes in
                    decoder.append(bytes)
                    while true {
                        switch decoder.next() {
                        case .needMore: return nil
                        case .malformed(let reason): return reason
                        case .request(let request): if let reason = self.received(request) { return reason }
                        }
                    }
                }
            },
            onEnd: { [self] reason in
                ended()
                onEnd(reason)
            })
    }

    /// Takes a request; answers what is wrong with it.
    func received(_ request: USBIPRequest) -> String? {
        switch request {
        case .submit(let submit): run(.submit(submit))
        case .unlink(let sequence, let target): run(.unlink(sequence: sequence, target: target))
        case .deviceList, .importDevice: "an operation among transfers"
        }
    }

    func close() { connection.close() }

    /// Waits until the connection is gone and nothing is under way any more.
    func closed() async { await connection.ended() }

    /// The importer is gone: what it waited for is given up.
    func ended() {
        let numbers = state.withLock { state in
            state.isEnded = true
            return Array(state.numbers.values)
        }
        for number in numbers { port.cancel(number, USBError(.closed, "The importer has gone.")) }
    }

    /// Answers are sent under the lock, in the order in which they were decided; the port is called outside it, since it calls back.
    @discardableResult
    private func run(_ event: USBIPTransfers.Event) -> String? {
        var violation: String?
        let calls = state.withLock { state in
            if case .completed(let sequence, _) = event { state.numbers[sequence] = nil }
            var calls: [@Sendable () -> Void] = []
            for action in state.transfers.on(event) {
                switch action {
                case .send(let bytes): connection.send(bytes)
                case .end(let reason):
                    violation = reason
                    connection.close()
                case .submit(let sequence, let request):
                    guard !state.isEnded else { break }
                    let number = port.newNumber()
                    state.numbers[sequence] = number
                    calls.append { [self] in
                        port.submit(number, request, owner: nil) { [weak self] in self?.run(.completed(sequence, $0)) }
                    }
                case .cancel(let sequence):
                    guard let number = state.numbers[sequence] else { break }
                    calls.append { [port] in port.cancel(number, USBError(.cancelled, "The importer gave the transfer up.")) }
                }
            }
            return calls
        }
        for call in calls { call() }
        return violation
    }
}
