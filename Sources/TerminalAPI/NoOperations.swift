import Terminal

/// A terminal that can nothing but transactions: every other operation answers `200`.
public struct NoOperations: OperationPerforming {
    public init() {}

    public func perform(
        _ request: OperationRequest, peer: PeerIdentity, isTrusted: Bool, status: @escaping @Sendable (StatusContext, String) -> Void
    ) async -> OperationAnswer { OperationAnswer(.unsupported, nil, "This operation is not supported here.") }

    public func restart() {}

    public func events() -> AsyncStream<TerminalEvent> { AsyncStream { $0.finish() } }
}
