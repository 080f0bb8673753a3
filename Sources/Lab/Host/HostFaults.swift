/// What `POST /lab/host` can set.
public enum HostMode: String, Sendable, Hashable, CaseIterable {
    /// The default; leaves the amount rules on.
    case approve
    case decline, silent, late, garbage, disconnect
    /// Closes listener and connections.
    case refuse
    case badMAC, duplicate

    /// Which messages it touches: `decline late garbage badMAC duplicate` 1100 and 1200, `silent disconnect` everything but 18xx; `refuse` lets none in.
    func acts(on kind: LedgerRequest.Kind) -> Bool {
        switch self {
        case .approve, .decline, .late, .garbage, .badMAC, .duplicate: kind == .authorization || kind == .financial
        case .silent, .disconnect: kind != .network
        case .refuse: false
        }
    }

    /// `nil` where the amount rules decide.
    var behaviour: HostBehaviour? {
        switch self {
        case .approve, .refuse: nil
        case .decline: .decline(HostActionCode.doNotHonour)
        case .silent: HostBehaviour(delivery: .silence)
        case .late: HostBehaviour(delivery: .late)
        case .garbage: HostBehaviour(delivery: .garbage)
        case .disconnect: HostBehaviour(delivery: .disconnect)
        case .badMAC: HostBehaviour(delivery: .badMAC)
        case .duplicate: HostBehaviour(delivery: .twice)
        }
    }
}

/// The faults now set, and which of them one message meets: `next`, then `mode`, then the amount rules.
public struct HostFaults: Sendable, Hashable {
    public var mode: HostMode = .approve
    /// For the first message that it can act on; used up by it.
    public var next: HostMode?
    /// Added to every answer but those of 18xx, milliseconds.
    public var latencyMilliseconds: Int64 = 0
    /// When a late answer leaves: after the terminal's 30 s.
    public var lateMilliseconds: Int64 = 35_000
    public var keyChange = HostKeyChange.offer

    public init() {}

    /// Takes `next` if it acts on this kind of message.
    public mutating func behaviour(of kind: LedgerRequest.Kind, amount: Int64) -> HostBehaviour {
        var set = mode
        if let once = next, once.acts(on: kind) {
            next = nil
            set = once
        }
        if set.acts(on: kind), let behaviour = set.behaviour { return behaviour }
        guard kind == .authorization || kind == .financial else { return HostBehaviour() }
        return HostAmountRule.rule(amount: amount)?.behaviour ?? HostBehaviour()
    }

    /// How long an answer of this kind and delivery waits, milliseconds.
    public func delay(of kind: LedgerRequest.Kind, _ delivery: HostBehaviour.Delivery) -> Int64 {
        guard kind != .network else { return 0 }
        return delivery == .late ? max(lateMilliseconds, latencyMilliseconds) : latencyMilliseconds
    }
}
