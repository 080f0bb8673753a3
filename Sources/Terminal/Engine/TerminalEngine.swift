import Devices
import Dispatch
import EMV
import Keys
import Logging
import PaymentHost
import Synchronization

/// The terminal: carries out what `TransactionMachine` and `FollowUpQueue` decide, with the devices, the host and the journal.
public actor TerminalEngine: PaymentTerminal {
    /// What the engine stands on; each of them can be a scripted peer.
    public struct Environment: Sendable {
        public var configuration: TerminalConfiguration
        public var devices: any DeviceProvider
        public var host: any PaymentHostLink
        public var display: any CardholderDisplay
        public var keys: SiteKeys
        /// What the POS set; `nil`: everything as configured.
        public var parameters: TerminalParameters?
        /// Told whether a card is in the slot.
        public var cardChanged: @Sendable (_ isPresent: Bool) -> Void
        public var kernel: CardKernelFactory
        public var clock: any TerminalClock
        /// Where commits block: work in the order given, one at a time.
        public typealias JournalThread = @Sendable (_ work: @escaping @Sendable () -> Void) -> Void
        public var journalThread: JournalThread
        public var openJournal: @Sendable () throws(JournalError) -> any JournalStore
        public var random: @Sendable (_ count: Int) -> [UInt8]
        /// Called at exactly the named moments; a rehearsal ends the process there.
        public var point: @Sendable (TransactionPoint) -> Void
        /// A commit failed: nothing more may be told or sent, connections close 1011, the process must exit (pos-protocol, section 5).
        public var onFatal: @Sendable (JournalError) -> Void
        /// The daily restart is due and nothing runs: the process closes its connections (1001 "terminal restart") and starts again.
        public var onRestartDue: @Sendable () -> Void = {}
        public var log: Logger

        public init(
            configuration: TerminalConfiguration, devices: any DeviceProvider, host: any PaymentHostLink, display: any CardholderDisplay,
            keys: SiteKeys, onFatal: @escaping @Sendable (JournalError) -> Void
        ) {
            self.configuration = configuration
            self.devices = devices
            self.host = host
            self.display = display
            self.keys = keys
            kernel = configuration.contactKernel
            self.onFatal = onFatal
            clock = SystemClock()
            let queue = DispatchQueue(label: "countertop.journal")
            journalThread = { queue.async(execute: $0) }
            let path = configuration.dataDirectory + "/journal.sqlite"
            openJournal = { () throws(JournalError) in try SQLiteJournalStore(path: path) }
            random = { count in
                var bytes: [UInt8] = []
                // The system's generator gives eight at a time.
                while bytes.count < count {
                    withUnsafeBytes(of: UInt64.random(in: .min ... .max)) { bytes += $0.prefix(count - bytes.count) }
                }
                return bytes
            }
            point = { _ in }
            cardChanged = { _ in }
            log = Logger(label: "countertop.terminal")
        }
    }

    nonisolated let environment: Environment
    nonisolated let snapshot = Mutex(Snapshot())
    private nonisolated let shown: (stream: AsyncStream<DisplayMessage>, continuation: AsyncStream<DisplayMessage>.Continuation)

    /// `nil` when the journal could not be opened: every Transaction answers `20` `internal`.
    var journal: JournalWriter?
    /// A commit failed; the process is about to end.
    var isDead = false
    var isShuttingDown = false
    var stan = STANSequence(reservedThrough: 0)
    var batchNumber = 1
    /// STAN reservations, to go with the next commit.
    var reservations: [JournalEntry] = []
    var retention = JournalRetention()

    var slot = CardSlot()
    var reader: (any ChipReader)?
    var entry = EntryDevices()
    var readerGeneration = 0
    var pinPad: (any PINPad)?
    /// Approvals of the open batch by card; kept only where a floor limit is.
    var approvals = ApprovalLog()
    /// The last operation on the card; the next waits for it.
    var cardTask: Task<Void, Never>?
    /// The dialogue whose card has just answered, while the kernel takes that in, and what it wants of the card next.
    var answering: (TransactionID, Int)?
    var nextOperation: CardOperation?
    var isPerformingScripts = false
    /// Shown when the scripts are done: the card is still needed until then.
    var askBack: DisplayMessage?

    var running: RunningTransaction?
    /// Events not yet given to the machine.
    var inbox: [TransactionMachine.Event] = []
    var isFeeding = false
    var waitingForIdle: [CheckedContinuation<Void, Never>] = []

    var followUps: FollowUpQueue
    var followUpPauses: [FollowUpID: Task<Void, Never>] = [:]
    var followUpsDueSince: [FollowUpID: ContinuousClock.Instant] = [:]
    /// Not reconciled yet.
    var frozen: JournaledBatch?
    var reconciler = BatchReconciler()
    var reconcilerPause: Task<Void, Never>?
    var restart: RestartSchedule?
    var startedAt: ContinuousClock.Instant?
    var restartWait: Task<Void, Never>?
    var settlementWait: Task<Void, Never>?
    var settlementAt: ContinuousClock.Instant?
    /// Its time has come, and something else goes first.
    var isSettlementDue = false
    var isSettlementAwaitingAttempts = false
    /// Frozen by itself, and the host has not been asked yet.
    var isSettlementAnnounced = false
    var watches: [Task<Void, Never>] = []
    var presenceWatch: Task<Void, Never>?

    public init(_ environment: Environment) {
        self.environment = environment
        followUps = FollowUpQueue(pacing: environment.configuration.followUpPacing)
        shown = AsyncStream.makeStream()
    }

    /// Whoever shows the messages waits for the next one until it is told that there is none.
    deinit { shown.continuation.finish() }

    /// Opens the journal, decides what a crash left undecided, and begins to watch readers and link. Returns when transactions can begin.
    public func start() async {
        var batchBegan: WallTime?
        do throws(JournalError) {
            let store = try environment.openJournal()
            let start = try store.startingPoint()
            journal = JournalWriter(store, on: environment.journalThread)
            batchBegan = start.batchBegan
            await takeOver(start)
        } catch {
            changeSnapshot { $0.isJournalReadable = false }
            environment.log.critical("\(error)", metadata: ["code": "\(error.code.rawValue)"])
        }
        guard !isDead else { return }
        let (display, messages) = (environment.display, shown.stream)
        watches.append(Task { for await message in messages { await display.show(message) } })
        watches.append(
            Task { [weak self, devices = environment.devices] in
                for await reader in devices.chipReaders() { await self?.readerChanged(reader) }
            })
        watchEntryDevices()
        watches.append(
            Task { [weak self, devices = environment.devices] in
                for await pad in devices.pinPads() { await self?.pinPadChanged(pad) }
            })
        watches.append(
            Task { [weak self, host = environment.host] in
                for await state in host.states() where state == .connected { await self?.linkConnected() }
            })
        scheduleRestart()
        scheduleSettlement()
        settleWhatWasMissed(batchBegan)
        showWelcome()
    }

    /// Ends a transaction that can still be cancelled, waits for one that cannot, and closes the journal.
    public func shutdown() async {
        isShuttingDown = true
        if running != nil { feed(.cancel) }
        if running != nil, !isDead { await withCheckedContinuation { waitingForIdle.append($0) } }
        for task in watches + followUpPauses.values { task.cancel() }
        reconcilerPause?.cancel()
        restartWait?.cancel()
        settlementWait?.cancel()
        presenceWatch?.cancel()
        watches = []
        followUpPauses = [:]
        shown.continuation.finish()
        await cardTask?.value
        await journal?.close()
        journal = nil
    }

    private func linkConnected() {
        feedFollowUps(.linkConnected)
        feedReconciler(.linkConnected)
        settleWhenIdle()
    }

    /// Shown in one order with the transaction's own messages.
    public nonisolated func show(_ message: DisplayMessage) { shown.continuation.yield(message) }
}
