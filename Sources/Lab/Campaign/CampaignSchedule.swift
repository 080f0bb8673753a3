import Terminal

/// One run, told in advance: what the POS asks and what goes wrong when. From a seed, or a part of that when a failure is being shrunk.
struct CampaignSchedule: Sendable, CustomStringConvertible {
    struct Request: Sendable, Hashable {
        var type: TransactionType
        /// Minor units; the last two digits choose the host's amount rule.
        var amount: Int64
        /// After the one before it has ended.
        var pause: Duration
        var partialAllowed: Bool
        /// Sends the request again under the same `requestId` after a reconnect, instead of asking for it.
        var repeats: Bool
    }

    enum Fault: Sendable, Hashable {
        /// The process dies at the nth passing of a named point; what was handed to the connection arrives or not.
        case deathAt(TransactionPoint, Int)
        case death
        /// The nth commit of the journal fails: nothing written, or written and not confirmed.
        case commitFails(Int, written: Bool)
        case host(HostMode)
        /// For the first message of the request of this index.
        case hostAt(Int, HostMode)
        /// The first message of the terminal in the request of this index is lost on its way; the connection stays.
        case lostAt(Int)
        /// Nobody can connect for so long.
        case hostDown(Duration)
        /// Its first address, so long; the second one answers.
        case primaryDown(Duration)
        case linkCut
        case posLost(back: Duration)
        case posCancels
        case cardPulled
        case readerUnplugged(back: Duration)
        case wallClockJumps(Duration)
        case slowHost(Duration)
        /// Of the disk under the journal; only in runs that have one.
        case disk(FaultyDisk.Fault)
    }

    struct Planned: Sendable, Hashable {
        /// Of virtual time; without meaning for `deathAt`, `commitFails`, `hostAt` and `lostAt`.
        var at: Duration
        var fault: Fault

        /// The same when one request is left out; `nil` when it was that one's.
        func without(request index: Int) -> Planned? {
            func moved(_ other: Int) -> Int? { other == index ? nil : other < index ? other : other - 1 }
            switch fault {
            case .hostAt(let other, let mode): return moved(other).map { Planned(at: at, fault: .hostAt($0, mode)) }
            case .lostAt(let other): return moved(other).map { Planned(at: at, fault: .lostAt($0)) }
            default: return self
            }
        }
    }

    enum Card: String, Sendable, CaseIterable { case approves, refusesAfterApproval, mutesAfterApproval, declines, unreadable }

    let seed: UInt64
    var requests: [Request]
    var faults: [Planned]
    /// What the card of each request does.
    var cards: [Card]
    var posConnectionLost: POSConnectionLost
    var storeAndForward: Bool
    /// `SETTLETIME`, in minutes after the beginning; one schedule in five has it. Not drawn, so that older seeds keep everything else.
    var settlesAfter: Int? { seed % 5 == 0 ? 1 + Int(seed / 5 % UInt64(Self.settlementMinutes)) : nil }
    static let settlementMinutes = 3
    var settles: Bool { settlesAfter != nil || requests.contains { $0.type == .settlement } }
    /// The terminal has the host change its MAC key, in one schedule in seven: what the host makes of it, and when the process dies over it. Not drawn
    /// either.
    var keyChange: (host: HostKeyChange, death: KeyDeath?)? {
        guard seed % 7 == 0 else { return nil }
        let host = HostKeyChange.allCases[Int(seed / 7 % UInt64(HostKeyChange.allCases.count))]
        return (host, [nil, .beforeStored, .afterStored][Int(seed / 28 % 3)])
    }
    enum KeyDeath: Sendable, Hashable { case beforeStored, afterStored }

    /// - Parameter onDisk: with faults of the disk in place of commits that fail.
    init(seed: UInt64, onDisk: Bool = false) {
        self.seed = seed
        var random = CampaignRandom(seed: seed)
        let requests = (0..<Int.random(in: 1...4, using: &random)).map { _ in Self.request(&random) }
        self.requests = requests
        cards = requests.map { _ in random.chance(80) ? .approves : random.element(Card.allCases) ?? .approves }
        posConnectionLost = random.chance(70) ? .reverse : .complete
        storeAndForward = random.chance(30)
        // Some runs are about one fault, some about many.
        let count = random.chance(10) ? 0 : Int.random(in: 1...(random.chance(30) ? 8 : 3), using: &random)
        faults = (0..<count).map { _ in Self.fault(&random, requests.count) }
        if seed % 11 == 0 { leaveTipBehind() }
        guard onDisk else { return }
        faults.removeAll { if case .commitFails = $0.fault { true } else { false } }
        for _ in 0..<Int.random(in: 0...3, using: &random) { faults.append(Planned(at: .zero, fault: .disk(Self.diskFault(&random)))) }
    }

    /// A sale, its tip, and a settlement that the tip does not reach the host before, though nothing else is wrong: in one schedule of eleven. Chance alone
    /// hardly ever loses these two messages and no other. Not drawn, so that other seeds keep everything.
    private mutating func leaveTipBehind() {
        for type in [TransactionType.sale, .tipAdjust, .settlement] {
            if type != .sale { faults.append(Planned(at: .zero, fault: .lostAt(requests.count))) }
            requests.append(
                Request(type: type, amount: type == .sale ? 5000 : 700, pause: .seconds(1), partialAllowed: false, repeats: true))
            cards.append(.approves)
        }
    }

    private static func request(_ random: inout CampaignRandom) -> Request {
        let type: TransactionType =
            random.chance(45)
            ? .sale
            : random.element([
                .authorization, .completion, .void, .void, .refund, .incrementalAuthorization, .tipAdjust, .force, .settlement, .verify,
            ]) ?? .sale
        let special: [Int64] = [1, 16, 20, 30, 31, 32, 33, 34, 35, 36]
        let cents = random.chance(75) ? 0 : random.element(special) ?? 0
        return Request(
            type: type, amount: Int64.random(in: 1...200, using: &random) * 100 + cents, pause: random.milliseconds(0...8000),
            partialAllowed: random.chance(30), repeats: random.chance(50))
    }

    private static func diskFault(_ random: inout CampaignRandom) -> FaultyDisk.Fault {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: .writeFails(Int.random(in: 1...150, using: &random), torn: random.chance(60))
        case 1, 2: .syncFails(Int.random(in: 1...30, using: &random))
        default: .full(Int.random(in: 1...150, using: &random), writes: Int.random(in: 1...12, using: &random))
        }
    }

    private static func fault(_ random: inout CampaignRandom, _ requests: Int) -> Planned {
        let at = random.milliseconds(0...(requests * 12_000))
        let fault: Fault =
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<30: .deathAt(random.element(TransactionPoint.allCases) ?? .afterSend, Int.random(in: 1...3, using: &random))
            case 30..<40: .death
            case 40..<48: .commitFails(Int.random(in: 0...(8 * requests), using: &random), written: random.chance(50))
            case 48..<54:
                .hostAt(
                    Int.random(in: 0..<requests, using: &random),
                    random.element([.silent, .silent, .late, .garbage, .disconnect, .badMAC, .duplicate]) ?? .silent)
            case 54..<62: .host(random.element([.silent, .late, .garbage, .disconnect, .badMAC, .duplicate, .decline]) ?? .silent)
            case 62..<65: .hostDown(random.milliseconds(500...90_000))
            case 65..<68: .primaryDown(random.milliseconds(500...90_000))
            case 68..<74: .linkCut
            case 74..<84: .posLost(back: random.milliseconds(200...60_000))
            case 84..<88: .posCancels
            case 88..<92: .cardPulled
            case 92..<95: .readerUnplugged(back: random.milliseconds(500...20_000))
            case 95..<97: .wallClockJumps(.seconds(Int.random(in: -21_600...21_600, using: &random)))
            default: .slowHost(random.milliseconds(100...12_000))
            }
        return Planned(at: at, fault: fault)
    }

    /// The same without one fault or the last request: what a shrink tries.
    var smaller: [CampaignSchedule] {
        var all: [CampaignSchedule] = []
        for index in faults.indices {
            var copy = self
            copy.faults.remove(at: index)
            all.append(copy)
        }
        if requests.count > 1 {
            for index in requests.indices.reversed() {
                var copy = self
                copy.requests.remove(at: index)
                copy.cards.remove(at: index)
                copy.faults = faults.compactMap { $0.without(request: index) }
                all.append(copy)
            }
        }
        for index in cards.indices where cards[index] != .approves {
            var copy = self
            copy.cards[index] = .approves
            all.append(copy)
        }
        return all
    }

    var description: String {
        let requests = zip(requests, cards).map { request, card in
            "  \(request.type.rawValue) \(request.amount), pause \(request.pause), card \(card.rawValue)"
                + (request.partialAllowed ? ", partial allowed" : "") + (request.repeats ? ", repeats" : "")
        }
        let faults = faults.map { "  at \($0.at): \($0.fault)" }
        return
            ([
                "seed \(seed), posConnectionLost \(posConnectionLost.rawValue)" + (storeAndForward ? ", store and forward" : "")
                    + (settlesAfter.map { ", settles after \($0) min" } ?? "")
                    + (keyChange.map { ", MAC key \($0.host)" + ($0.death.map { ", dies \($0)" } ?? "") } ?? "")
            ] + requests
            + faults).joined(separator: "\n")
    }
}

/// A fault of the program, put in on purpose: each must make the campaign fail (issue: "mutant checks").
enum CampaignMutant: String, Sendable, CaseIterable {
    /// (a) The pending reversal reaches the disk only after the send.
    case pendingAfterSend = "pending-after-send"
    /// (b) It is taken away in a commit of its own when the host answers.
    case pendingDeletedAtAnswer = "pending-deleted-at-answer"
    /// (c) The reply leaves before the decision's commit.
    case replyBeforeDecision = "reply-before-decision"
    /// (d) A request without an answer is sent again as 1201.
    case repeatedFinancial = "repeated-financial"
    /// (e) A VOID without an answer is told as refused.
    case unansweredVoidRefused = "unanswered-void-refused"
    /// A TIP_ADJUST that the freeze of its batch left behind is counted in no batch.
    case leftBehindTipForgotten = "left-behind-tip-forgotten"
    /// A new MAC key is used before it is stored.
    case keyBeforeStored = "key-before-stored"
    /// The journal says `synchronous = OFF`: nothing is ever synced.
    case synchronousOff = "synchronous-off"
    /// It leaves GRDB's `synchronous = NORMAL`: a commit is not synced before it counts.
    case synchronousNormal = "synchronous-normal"
    /// A start acts on commits that it can read and a power cut would undo.
    case logNotSyncedAtStart = "log-not-synced-at-start"

    /// Whether it is one of the journal's dealings with SQLite, or one that needs the journal in memory; `nil`: either will do.
    var needsDisk: Bool? {
        switch self {
        case .pendingAfterSend, .pendingDeletedAtAnswer, .replyBeforeDecision, .leftBehindTipForgotten: false
        case .synchronousOff, .synchronousNormal, .logNotSyncedAtStart: true
        case .repeatedFinancial, .unansweredVoidRefused, .keyBeforeStored: nil
        }
    }
}
