import Terminal

/// How many requests a peer may have carried out: a burst, refilled at a steady rate. What only reads memory, and `Cancel`, is free, so that a
/// heartbeat is never refused and a cancel never late.
struct RequestRate: Sendable {
    private struct Bucket: Sendable {
        var spent: Double
        var at: Duration
    }

    private let burst: Double
    private let perSecond: Double
    private var buckets: [PeerIdentity: Bucket] = [:]

    /// What a message that is not JSON costs: a POS never sends one by itself.
    private static let garbageCost = 5.0
    /// Buckets kept; those that have refilled go first.
    private static let bucketLimit = 64

    init(burst: Int = 100, perSecond: Int = 50) {
        self.burst = Double(burst)
        self.perSecond = Double(perSecond)
    }

    mutating func allows(_ request: POSRequest, of peer: PeerIdentity, at now: Duration) -> Bool {
        let cost: Double
        switch request.body {
        case .getInformation, .cancel: return true
        case .invalid where request.operation == "Error": cost = Self.garbageCost
        default: cost = 1
        }
        if buckets.count >= Self.bucketLimit, buckets[peer] == nil {
            buckets = buckets.filter { spent($0.value, now) > 0 }
        }
        let already = buckets[peer].map { spent($0, now) } ?? 0
        guard already + cost <= burst else { return false }
        buckets[peer] = Bucket(spent: already + cost, at: now)
        return true
    }

    private func spent(_ bucket: Bucket, _ now: Duration) -> Double {
        let elapsed = now - bucket.at
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        return max(0, bucket.spent - seconds * perSecond)
    }
}
