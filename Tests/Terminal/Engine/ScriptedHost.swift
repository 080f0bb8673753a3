import Money
import PaymentHost
import Synchronization
import Testing

/// A host that answers when and what the test says.
final class ScriptedHost: PaymentHostLink {
    /// A request that waits for its answer.
    struct Exchange: Sendable {
        let request: HostRequest
        let deadline: ContinuousClock.Instant
        fileprivate let continuation: CheckedContinuation<HostOutcome, Never>

        func answer(_ outcome: HostOutcome) { continuation.resume(returning: outcome) }

        func approve(code: String = "123456", partial: Amount? = nil) {
            answer(
                .answered(
                    HostAnswer(
                        actionCode: partial == nil ? "000" : "002", responseCode: partial == nil ? "00" : "10", message: "APPROVED",
                        approved: true,
                        isPartial: partial != nil, amount: partial, approvalCode: code)))
        }

        func decline() {
            answer(.answered(HostAnswer(actionCode: "116", responseCode: "51", message: "INSUFFICIENT FUNDS", approved: false)))
        }

        func answer(reversal code: String) {
            answer(.answered(HostAnswer(actionCode: code, responseCode: "00", message: "", approved: true)))
        }

        /// A 1230.
        func answer(advice code: String) {
            let isAccepted = ["000", "900", "901", "913"].contains(code)
            answer(.answered(HostAnswer(actionCode: code, responseCode: isAccepted ? "00" : "05", message: "", approved: isAccepted)))
        }

        /// A 1530.
        func answer(reconciliation code: String) {
            answer(.answered(HostAnswer(actionCode: code, responseCode: "00", message: "", approved: code == "500")))
        }

        var advice: AdviceRequest? { if case .advice(let request) = request { request } else { nil } }
        var financial: FinancialRequest? { if case .financial(let request) = request { request } else { nil } }
        var reversal: ReversalRequest? { if case .reversal(let request) = request { request } else { nil } }
    }

    let exchanges = Awaitable<Exchange>()
    private let taken = Mutex(0)
    private let changes: (stream: AsyncStream<HostLinkState>, continuation: AsyncStream<HostLinkState>.Continuation) =
        AsyncStream.makeStream()

    func exchange(_ request: HostRequest, deadline: ContinuousClock.Instant) async -> HostOutcome {
        await exchange(request, deadline: deadline) {}
    }

    func exchange(
        _ request: HostRequest, deadline: ContinuousClock.Instant, handedOver: @escaping @Sendable () -> Void
    ) async -> HostOutcome {
        handedOver()
        return await withCheckedContinuation { exchanges.append(Exchange(request: request, deadline: deadline, continuation: $0)) }
    }

    var state: HostLinkState { .connected }
    func states() -> AsyncStream<HostLinkState> { changes.stream }
    func connect() { changes.continuation.yield(.connected) }

    /// The next request, in the order they came.
    func next() async throws -> Exchange {
        let index = taken.withLock { taken in
            taken += 1
            return taken - 1
        }
        let all = await exchanges.wait { $0.count > index }
        return try #require(all.count > index ? all[index] : nil, "the terminal asked the host \(all.count) times, not \(index + 1)")
    }
}
