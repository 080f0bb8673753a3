import Devices
import PaymentHost
import Synchronization
import Terminal
import Testing

/// A terminal whose every answer a test gives. Calls are queued; a test takes them one by one and so sees their order.
final class ScriptedTerminal: PaymentTerminal {
    enum Call: Sendable {
        case begin(TransactionRequest, PeerIdentity)
        case cancel(TransactionID)
        case presence(POSPresence, TransactionID)
        case lastTransaction(PeerIdentity)
        case transaction(requestID: String)
    }

    struct Script: Sendable {
        var begin: BeginAnswer = .accepted(TransactionID("T1"))
        var cancel: CancelAnswer = .cancelled
        var last: RecordedTransaction?
    }

    private struct State {
        var script = Script()
        var report: (@Sendable (TransactionReport) -> Void)?
    }

    private let state = Mutex(State())
    private let calls: AsyncStream<Call>
    private let continuation: AsyncStream<Call>.Continuation

    init() { (calls, continuation) = AsyncStream.makeStream(of: Call.self) }

    func script(_ change: (inout Script) -> Void) { state.withLock { change(&$0.script) } }

    /// The next call; waits for it.
    func next() async -> Call? {
        var iterator = calls.makeAsyncIterator()
        return await iterator.next()
    }

    func expectBegin(_ location: SourceLocation = #_sourceLocation) async -> (TransactionRequest, PeerIdentity)? {
        let call = await next()
        guard case .begin(let request, let peer) = call else {
            Issue.record("expected begin, the server called \(String(describing: call))", sourceLocation: location)
            return nil
        }
        return (request, peer)
    }

    func expectPresence(_ presence: POSPresence, _ location: SourceLocation = #_sourceLocation) async {
        let call = await next()
        guard case .presence(presence, _) = call else {
            Issue.record("expected presence \(presence), the server called \(String(describing: call))", sourceLocation: location)
            return
        }
    }

    func expectLastTransaction(_ location: SourceLocation = #_sourceLocation) async {
        let call = await next()
        guard case .lastTransaction = call else {
            Issue.record("expected lastTransaction, the server called \(String(describing: call))", sourceLocation: location)
            return
        }
    }

    func report(_ report: TransactionReport) {
        guard let call = state.withLock({ $0.report }) else {
            Issue.record("nothing was begun that could report")
            return
        }
        call(report)
    }

    // MARK: PaymentTerminal

    func begin(
        _ request: TransactionRequest, peer: PeerIdentity, report: @escaping @Sendable (TransactionReport) -> Void
    ) async -> BeginAnswer {
        let answer = state.withLock { state in
            state.report = report
            return state.script.begin
        }
        continuation.yield(.begin(request, peer))
        return answer
    }

    func cancel(_ id: TransactionID) async -> CancelAnswer {
        continuation.yield(.cancel(id))
        return state.withLock { $0.script.cancel }
    }

    func presence(_ presence: POSPresence, of id: TransactionID) async { continuation.yield(.presence(presence, id)) }

    func lastTransaction(of peer: PeerIdentity) async -> RecordedTransaction? {
        continuation.yield(.lastTransaction(peer))
        return state.withLock { $0.script.last }
    }

    func transaction(requestID: String) async -> RecordedTransaction? {
        continuation.yield(.transaction(requestID: requestID))
        return state.withLock { $0.script.last }
    }

    func transaction(_ name: TransactionName) async -> RecordedTransaction? { state.withLock { $0.script.last } }

    func transactions(_ query: TransactionQuery) async -> TransactionPage? { nil }

    var information: TerminalInformation { Self.information }
    let informationRevision = 0

    static let information = {
        var information = TerminalInformation(
            model: "Countertop", serialNumber: "0001", applicationName: "countertop", applicationVersion: "0.1.0", terminalID: "T0000001",
            merchantID: "M00000000000001", batchNumber: 7, activity: .idle, hostState: .connected, pendingReversals: 1, offlineCount: 0,
            devices: [.init(kind: .chip, model: "Reader", serialNumber: "R1", state: .ready)])
        information.nextRestart = WallTime(milliseconds: 1_767_312_000_000)
        return information
    }()
}
