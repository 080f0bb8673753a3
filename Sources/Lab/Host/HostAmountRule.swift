/// What the host does with an 1100 or 1200 because of the last two digits of its amount, as acquirers' test hosts do (`host-protocol`).
public struct HostAmountRule: Sendable, Hashable {
    /// Last two digits of field 4.
    public var cents: Int
    public var behaviour: HostBehaviour
    /// What an acquirer's test host shows for it.
    public var text: String

    /// The rule of an amount in minor units; `nil` where it is simply approved.
    public static func rule(amount: Int64) -> HostAmountRule? { table.first { Int64($0.cents) == amount % 100 } }

    public static let table: [HostAmountRule] = [
        .init(cents: 01, behaviour: .decline("100"), text: "AUTH DECLINED"),
        .init(cents: 02, behaviour: .decline("107"), text: "CALL"),
        .init(cents: 03, behaviour: .decline("200"), text: "HOLD-CALL"),
        .init(cents: 04, behaviour: .decline("903"), text: "RE-ENTER"),
        .init(cents: 05, behaviour: .decline("111"), text: "INVALID CARD NUMBER"),
        .init(cents: 06, behaviour: .decline("101"), text: "INVALID EXPIRY"),
        .init(cents: 07, behaviour: .decline("190"), text: "NO SUCH ISSUER"),
        .init(cents: 08, behaviour: .decline("190"), text: "NO SUCH ISSUER"),
        .init(cents: 09, behaviour: .decline("206"), text: "INVALID PIN"),
        .init(cents: 10, behaviour: .decline("109"), text: "INVALID MERCHANT"),
        .init(cents: 11, behaviour: .decline("109"), text: "INVALID MERCHANT"),
        .init(cents: 12, behaviour: .decline("110"), text: "INVALID AMOUNT"),
        .init(cents: 13, behaviour: .decline("902"), text: "INVALID TRANSACTION"),
        .init(cents: 14, behaviour: .decline("107"), text: "DECLINE"),
        .init(cents: 20, behaviour: .init(verdict: .approveHalf), text: "PARTIAL APPROVAL"),
        .init(cents: 21, behaviour: .init(issuer: .script), text: "ISSUER SCRIPT"),
        .init(cents: 22, behaviour: .init(issuer: .wrongCryptogram), text: "WRONG ARPC"),
        .init(cents: 30, behaviour: .init(delivery: .silence), text: "SILENT"),
        .init(cents: 31, behaviour: .init(delivery: .late), text: "LATE"),
        .init(cents: 32, behaviour: .init(delivery: .disconnect), text: "DISCONNECT"),
        .init(cents: 33, behaviour: .init(delivery: .garbage), text: "GARBAGE"),
        .init(cents: 34, behaviour: .init(delivery: .wrongSTAN), text: "WRONG STAN"),
        .init(cents: 35, behaviour: .init(delivery: .badMAC), text: "BAD MAC"),
        .init(cents: 36, behaviour: .init(delivery: .twice), text: "DUPLICATE"),
    ]
}

/// What the host does with one message: what it decides, what the issuer puts into field 55, and what becomes of the answer. A lost answer loses
/// nothing else: the books have moved, as they have at a real host whose answer gets lost.
public struct HostBehaviour: Sendable, Hashable {
    public enum Verdict: Sendable, Hashable {
        case approve
        /// Action code (39).
        case decline(String)
        /// 002 and half of the amount, rounded down.
        case approveHalf
    }

    public enum Issuer: Sendable, Hashable {
        case answers
        /// A 91 that is not the issuer's.
        case wrongCryptogram
        /// A 72 beside the 91.
        case script
    }

    public enum Delivery: Sendable, Hashable {
        case answer
        case silence
        /// After the terminal's time limit.
        case late
        /// Closes the connection after reading.
        case disconnect
        /// A frame that no dialect can read, in place of the answer.
        case garbage
        case wrongSTAN
        case badMAC
        case twice
    }

    public var verdict: Verdict
    public var issuer: Issuer
    public var delivery: Delivery

    public init(verdict: Verdict = .approve, issuer: Issuer = .answers, delivery: Delivery = .answer) {
        self.verdict = verdict
        self.issuer = issuer
        self.delivery = delivery
    }

    static func decline(_ actionCode: String) -> HostBehaviour { HostBehaviour(verdict: .decline(actionCode)) }
}
