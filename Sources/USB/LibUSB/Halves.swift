import Synchronization

/// The two transfers of an exchange, which end in any order: the outcome is known when both have.
final class Halves: Sendable {
    private struct State {
        var sent: Result<[UInt8], USBError>?
        var received: Result<[UInt8], USBError>?
        /// Of the answer's time limit.
        var watched: UInt64?
    }

    private let state = Mutex(State())
    private let continuation: CheckedContinuation<USBExchange.Outcome, Never>

    init(_ continuation: CheckedContinuation<USBExchange.Outcome, Never>) { self.continuation = continuation }

    /// The message is out, or is not. The answer's time counts from here (`watch`); without a message there is none.
    func sent(_ result: Result<[UInt8], USBError>, elseCancelling answer: LibUSBTransfer, watch: () -> UInt64?) {
        state.withLock { state in
            state.sent = result
            if case .success = result, state.received == nil { state.watched = watch() }
        }
        if case .failure(let error) = result { answer.cancel(error) }
        finish()
    }

    /// - Returns: the number of its time limit, which is over.
    func received(_ result: Result<[UInt8], USBError>) -> UInt64? {
        let watched = state.withLock { state in
            state.received = result
            return state.watched
        }
        finish()
        return watched
    }

    /// Called after each half; the second finds both.
    private func finish() {
        let (sent, received) = state.withLock { state -> (Result<[UInt8], USBError>?, Result<[UInt8], USBError>?) in
            guard state.sent != nil, state.received != nil else { return (nil, nil) }
            defer { state.received = nil }
            return (state.sent, state.received)
        }
        switch (sent, received) {
        case (.failure(let error), .some): continuation.resume(returning: .notSent(error))
        case (.success, .success(let bytes)): continuation.resume(returning: .answered(bytes))
        case (.success, .failure(let error)): continuation.resume(returning: .notAnswered(error))
        case (nil, _), (_, nil): break
        }
    }
}
