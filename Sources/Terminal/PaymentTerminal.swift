import Devices
import Money
import PaymentHost

/// The terminal as the POS API uses it. One transaction at a time; everything else is answered from the journal or a snapshot.
public protocol PaymentTerminal: Sendable {
    /// Validates against terminal state and begins. `report` is called in order: any number of `.status`, then exactly one `.final`; for a
    /// refusal it is not called at all.
    func begin(
        _ request: TransactionRequest, peer: PeerIdentity, report: @escaping @Sendable (TransactionReport) -> Void
    ) async -> BeginAnswer

    /// Cancels the running transaction `id` (the caller has checked that the asking peer owns it).
    func cancel(_ id: TransactionID) async -> CancelAnswer

    /// Tells the running transaction whether a connection that may learn its outcome is there (pos-protocol, section 5).
    func presence(_ presence: POSPresence, of id: TransactionID) async

    /// The last accepted transaction of the peer, else the terminal's. `nil` when there is none (97).
    func lastTransaction(of peer: PeerIdentity) async -> RecordedTransaction?

    /// The transaction accepted under this `requestId` within 48 hours.
    func transaction(requestID: String) async -> RecordedTransaction?

    /// The transaction of that name, running (without answer) or recorded.
    func transaction(_ name: TransactionName) async -> RecordedTransaction?

    /// Recorded transactions, newest first; `nil` when the journal cannot be read or the cursor is none that it gave.
    func transactions(_ query: TransactionQuery) async -> TransactionPage?

    /// For `GetInformation`: a snapshot, cheap enough for the event loop.
    var information: TerminalInformation { get }

    /// Another number whenever `information` has changed; cheaper to ask for.
    var informationRevision: Int { get }
}

/// Owner of transactions: a client certificate's fingerprint, or else an address.
public struct PeerIdentity: Sendable, Hashable, Codable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

public struct TransactionID: Sendable, Hashable, Codable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

public enum POSPresence: Sendable, Hashable {
    /// A connection is open and not suspect.
    case there
    /// None is there right now, but not yet lost.
    case away
    /// All are gone, or suspect for 15 s.
    case lost
}

public enum BeginAnswer: Sendable {
    /// Running; reports follow.
    case accepted(TransactionID)
    /// The same `requestId` and equal fields, ended before: its recorded answer.
    case replay(RecordedTransaction)
    /// The same `requestId` and equal fields, still running: attach to it.
    case attach(TransactionID)
    /// Decided before acceptance; not recorded.
    case refused(TransactionAnswer)
}

public enum CancelAnswer: Sendable {
    /// `0`: host contact is impossible from now on; the transaction's own `12` follows.
    case cancelled
    /// `13`
    case tooLate
    /// `14`
    case nothingToCancel
}

public enum TransactionReport: Sendable {
    case status(StatusContext, message: String)
    case final(TransactionAnswer)
}

public enum StatusContext: String, Sendable, CaseIterable {
    case tip = "Tip"
    case card = "Card"
    case cardEntry = "CardEntry"
    case applicationSelection = "ApplicationSelection"
    case pin = "Pin"
    case communication = "Communication"
    case signature = "Signature"
    case removeCard = "RemoveCard"
    case receipt = "Receipt"
}

/// A transaction as the journal knows it: running, or with its answer.
public struct RecordedTransaction: Sendable {
    public var id: TransactionID
    public var peer: PeerIdentity
    /// `nil` while it runs.
    public var answer: TransactionAnswer?

    public init(id: TransactionID, peer: PeerIdentity, answer: TransactionAnswer?) {
        self.id = id
        self.peer = peer
        self.answer = answer
    }
}
