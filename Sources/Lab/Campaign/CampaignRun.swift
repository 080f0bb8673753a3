import ISO8583
import Keys
import Logging
import Money
import PaymentHost
import Terminal

/// What every run of a campaign has in common and need not be made anew.
struct CampaignGround: Sendable {
    let mapping: DialectMapping
    let host: HostMachine
    let configuration: TerminalConfiguration
    let keys: SiteKeys
    let currency: Currency
    /// By `SETTLETIME` in minutes after the beginning, 0 for none: with store and forward, and without.
    private let parameters: [(on: TerminalParameters, off: TerminalParameters)]

    init() throws {
        let dialect = try Dialect.named("iso8583-1993")
        let merchant = MerchantIdentity(
            terminalID: "TERM0001", merchantID: "MERCHANT0000001", nameAndLocation: "COUNTERTOP LAB", categoryCode: "5999",
            acquirerID: "12345")
        mapping = try DialectMapping(dialect: dialect, merchant: merchant, terminal: PointOfServiceTerminal(), macKey: LabKeys.hostMAC)
        // Each key follows from the one before, so that a schedule replays exactly.
        host = HostMachine(
            dialect: dialect, newKey: { key in (try? CMAC.code(for: [0x01], key: key)).map { SecretBytes($0) } ?? key },
            keepsAllFields: false)
        guard let currency = Currency("USD") else { throw LabError(.badRequest, "There is no such currency.") }
        self.currency = currency
        configuration = TerminalConfiguration(
            merchant: merchant, merchantName: "COUNTERTOP LAB", currency: currency, serialNumber: "1", applicationVersion: "0",
            cardBrands: CardBrandTable(rows: [.init(brand: "VISA", type: .credit, aids: ["A0000000031010"], binRanges: ["4"])]),
            dataDirectory: "/nonexistent")
        parameters = try (0...CampaignSchedule.settlementMinutes).map { minutes in
            let time = minutes == 0 ? [:] : ["SETTLETIME": CampaignClock.timeOfDay(minutes)]
            let storeAndForward = ["SAFENABLED": "1", "SAFAMOUNTLIMIT": "100000", "SAFTOTALLIMIT": "10000000"]
            return (
                try TerminalParameters(path: nil, standards: storeAndForward.merging(time) { $1 }),
                try TerminalParameters(path: nil, standards: time)
            )
        }
        keys = try SiteKeys(root: SecretBytes(Array(repeating: 1, count: 32)))
    }

    func parameters(_ schedule: CampaignSchedule) -> TerminalParameters {
        let pair = parameters[schedule.settlesAfter ?? 0]
        return schedule.storeAndForward ? pair.on : pair.off
    }
}

/// One schedule, run: the real engine with its rules, journal model and link machine, and around them host, cables, counter, POS and disk.
///
/// `@unchecked Sendable`: used on the campaign's one thread only (`CampaignScheduler`).
final class CampaignRun: @unchecked Sendable {
    /// One life of the terminal's process. `@unchecked Sendable` for the same reason as its run.
    final class Process: @unchecked Sendable {
        let engine: TerminalEngine
        let link: CampaignLink
        let clock: CampaignClock
        /// `nil` until the journal is open.
        var store: (any JournalStore)?
        var isReady = false

        init(engine: TerminalEngine, link: CampaignLink, clock: CampaignClock) {
            (self.engine, self.link, self.clock) = (engine, link, clock)
        }
    }

    let schedule: CampaignSchedule
    let mutant: CampaignMutant?
    let ground: CampaignGround
    let scheduler = CampaignScheduler()
    let network: CampaignNetwork
    let counter: CampaignCounter
    private(set) var process: Process?
    private var life = 0
    private var journal: CampaignJournal
    private var commitCount = 0
    private var points: [TransactionPoint: Int] = [:]
    private var disk = CampaignDisk()
    private var jump = Duration.zero
    /// On the terminal's disk.
    private var macKey = LabKeys.hostMAC
    private var keyDeath: CampaignSchedule.KeyDeath?
    private var random: CampaignRandom
    private(set) var isHealed = false
    private(set) lazy var pos = CampaignPOS(self)
    /// Faults that have happened, for the trace.
    private(set) var trace: [String] = []
    let isTracing: Bool

    init(
        _ schedule: CampaignSchedule, mutant: CampaignMutant?, ground: CampaignGround, disk: CampaignDirectory? = nil,
        isTracing: Bool = false
    ) {
        self.schedule = schedule
        self.mutant = mutant
        self.ground = ground
        self.isTracing = isTracing
        journal = disk.map { .disk($0) } ?? .memory([])
        disk?.begin(schedule, mutant)
        random = CampaignRandom(seed: schedule.seed ^ 0xC0FF_EE00)
        network = CampaignNetwork(scheduler, host: ground.host, seed: schedule.seed ^ 0x4E45_5400)
        counter = CampaignCounter(scheduler, seed: schedule.seed ^ 0x4341_5244)
        keyDeath = schedule.keyChange?.death
        network.faults.keyChange = schedule.keyChange?.host ?? .offer
    }

    /// Runs it and says what was wrong afterwards; empty: nothing.
    func findings() -> [String] {
        scheduler.begin()
        defer { CampaignScheduler.end() }
        startProcess()
        pos.begin()
        for planned in schedule.faults {
            switch planned.fault {
            case .deathAt, .commitFails, .hostAt, .lostAt, .disk: break
            default: scheduler.after(planned.at) { [self] in if !isHealed { happen(planned.fault) } }
            }
        }
        let asked = scheduler.run(until: .seconds(3600)) { [self] in pos.isDone }
        isHealed = true
        note("healed")
        network.faults = HostFaults()
        network.isDown = false
        network.isPrimaryDown = false
        network.losesNext = false
        healDisk()
        let quiet = scheduler.run(until: .seconds(4 * 3600)) { [self] in isQuiet }
        var findings = asked ? [] : ["the POS still waits after an hour"]
        if !quiet {
            findings.append(
                "work is left after three hours without a fault: \(process.map { "\($0.engine.information.pendingReversals) reversals" } ?? "no process")"
            )
        }
        if quiet, asked {
            findings += CampaignInvariants(self, pos.final()).findings
            if findings.isEmpty { findings += finalSettlement() }
        }
        end()
        return findings
    }

    func note(_ text: @autoclosure () -> String) {
        if isTracing { trace.append("\(scheduler.now): \(text())") }
    }

    private var isQuiet: Bool {
        guard let process, process.isReady else { return false }
        return process.engine.isAtRest
    }

    /// Nothing of this run outlives it.
    private func end() {
        let store = process?.store
        if let process { retire(process) }
        process = nil
        pos.end()
        _ = scheduler.run(until: scheduler.now + .seconds(120)) { false }
        store?.close()
        scheduler.discard()
    }

    // MARK: The process

    private func startProcess() {
        guard process == nil else { return }
        life += 1
        let life = life
        let clock = CampaignClock(scheduler)
        clock.jump = jump
        do {
            let open = try opening(life)
            var mapping = ground.mapping
            if schedule.keyChange != nil { mapping.use(macKey) }
            let link = CampaignLink(
                scheduler, network, clock, mapping: mapping, keyProtection: schedule.keyChange == nil ? nil : LabKeys.keyProtection,
                seed: random.next(), mutant: mutant)
            let engine = TerminalEngine(environment(life, clock, link, open))
            link.nextSTAN = { [weak engine] in
                guard let engine else { throw LabError(.terminalNotReady, "no process") }
                return try await engine.nextSTAN()
            }
            link.storeKey = { [weak self] block in self?.storeKey(block, life) }
            let process = Process(engine: engine, link: link, clock: clock)
            self.process = process
            Task { [weak self] in
                await engine.start()
                guard let self, isAlive(life) else { return }
                process.isReady = true
                link.start()
                pos.terminalIsBack()
            }
        } catch {
            note("the journal cannot be replayed: \(error)")
            pos.journalIsDamaged("\(error)")
        }
    }

    private func environment(
        _ life: Int, _ clock: CampaignClock, _ link: CampaignLink,
        _ open: @escaping @Sendable () throws(JournalError) -> any JournalStore
    ) -> TerminalEngine.Environment {
        var configuration = ground.configuration
        configuration.posConnectionLost = schedule.posConnectionLost
        var environment = TerminalEngine.Environment(
            configuration: configuration, devices: counter, host: link, display: counter, keys: ground.keys,
            onFatal: { [weak self] error in
                guard let self, isAlive(life) else { return }
                note("a commit failed: \(error.code.rawValue)")
                die()
            })
        environment.log = Logger(label: "campaign") { _ in SwiftLogNoOpLogHandler() }
        environment.clock = clock
        environment.parameters = ground.parameters(schedule)
        environment.kernel = { [counter] in CampaignKernel(counter.behaviour, $0) }
        environment.openJournal = { [weak self] () throws(JournalError) in
            do throws(JournalError) {
                let store = try open()
                if let self, isAlive(life) { process?.store = store }
                return store
            } catch {
                self?.journalIsClosed(life, error)
                throw error
            }
        }
        let scheduler = scheduler
        environment.journalThread = { work in scheduler.after(.milliseconds(2)) { work() } }
        environment.random = { [weak self] count in (0..<count).map { _ in self?.random.next().byte ?? 0 } }
        environment.point = { [weak self] point in
            guard let self, isAlive(life) else { return }
            passed(point)
        }
        return environment
    }

    private func opening(_ life: Int) throws -> @Sendable () throws(JournalError) -> any JournalStore {
        switch journal {
        case .disk(let directory): return { () throws(JournalError) in try directory.open() }
        case .memory(let commits):
            let store = try MemoryJournalStore(replaying: commits) { [weak self] _, entries in
                guard let self, isAlive(life) else { return .failed }
                return fate(entries)
            }
            if mutant == .leftBehindTipForgotten { return { ForgetfulJournal(memory: store) } }
            return { store }
        }
    }

    /// The disk has room and writes again; whoever gave up because of it is started anew.
    private func healDisk() {
        guard case .disk(let directory) = journal else { return }
        directory.heal()
        die()
    }

    private func isAlive(_ life: Int) -> Bool { process != nil && life == self.life }

    private func fate(_ entries: [JournalEntry]) -> MemoryJournalStore.Fate {
        let number = commitCount
        commitCount += 1
        for planned in schedule.faults where !isHealed {
            if case .commitFails(number, let written) = planned.fault { return written ? .failedAfterWriting : .failed }
        }
        note("commit \(number): \(entries.map(\.word).joined(separator: " "))")
        disk.committed(entries, at: scheduler.now)
        return .synced
    }

    /// Every Transaction answers 20 until somebody starts the terminal again.
    private func journalIsClosed(_ life: Int, _ error: JournalError) {
        note("the journal cannot be opened: \(error)")
        scheduler.after(.seconds(60)) { [self] in if isAlive(life) { die() } }
    }

    private func noteDisk() {
        guard isTracing, case .disk = journal else { return }
        for event in FaultyDisk.takeEvents() { note("disk: \(event)") }
    }

    private func passed(_ point: TransactionPoint) {
        let times = (points[point] ?? 0) + 1
        points[point] = times
        disk.passed(point, at: scheduler.now)
        note("\(point.rawValue)")
        guard !isHealed else { return }
        for planned in schedule.faults { if case .deathAt(point, times) = planned.fault { return die() } }
    }

    private func die() {
        guard let process else { return }
        noteDisk()
        note("the process dies")
        let store = process.store
        switch journal {
        case .memory(let before):
            let memory = store as? MemoryJournalStore ?? (store as? ForgetfulJournal)?.memory
            journal = .memory(memory.map { disk.survivors($0.commits, mutant, at: scheduler.now) } ?? before)
            retire(process)
            self.process = nil
        case .disk(let directory):
            directory.abandon()
            retire(process)
            self.process = nil
            store?.close()
            if random.chance(60) {
                note("and the power goes")
                directory.powerCut()
            }
        }
        pos.terminalIsGone()
        scheduler.after(random.milliseconds(300...9000)) { [self] in startProcess() }
    }

    /// A disk of 2 ms; the mutant's is late.
    private func storeKey(_ block: String, _ life: Int) {
        guard let key = try? DialectMapping.macKey(in: block, under: LabKeys.keyProtection, ground.mapping.dialect) else { return }
        if mutant == .keyBeforeStored { process?.link.on(.keyStored(true)) }
        scheduler.after(.milliseconds(mutant == .keyBeforeStored ? 80 : 2)) { [self] in
            guard isAlive(life) else { return }
            let death = isHealed ? nil : keyDeath
            keyDeath = nil
            if death == .beforeStored { return die() }
            note("a new MAC key is stored")
            macKey = key
            if death == .afterStored { return die() }
            process?.link.on(.keyStored(true))
        }
    }

    private func retire(_ process: Process) {
        process.link.kill()
        process.clock.stop()
        counter.forgetWatchers()
    }

    // MARK: Faults

    /// The POS begins with this one.
    func begins(_ request: Int) {
        guard !isHealed else { return }
        for planned in schedule.faults {
            switch planned.fault {
            case .hostAt(request, let mode): network.faults.next = mode
            case .lostAt(request): network.losesNext = true
            default: break
            }
        }
    }

    private func happen(_ fault: CampaignSchedule.Fault) {
        note("fault: \(fault)")
        switch fault {
        case .deathAt, .commitFails, .hostAt, .lostAt, .disk: break
        case .death: die()
        case .host(let mode): network.faults.next = mode
        case .hostDown(let time):
            network.isDown = true
            network.cut()
            scheduler.after(time) { [self] in network.isDown = false }
        case .primaryDown(let time):
            network.isPrimaryDown = true
            network.cutPrimary()
            scheduler.after(time) { [self] in network.isPrimaryDown = false }
        case .linkCut: network.cut()
        case .posLost(let back): pos.lose(back: back)
        case .posCancels: pos.cancel()
        case .cardPulled: counter.pullCard()
        case .readerUnplugged(let back): counter.unplug(back: back)
        case .wallClockJumps(let by):
            jump += by
            process?.clock.jump = jump
        case .slowHost(let latency): network.faults.latencyMilliseconds = latency.components.seconds * 1000
        }
    }
}

extension FixedWidthInteger {
    fileprivate var byte: UInt8 { UInt8(truncatingIfNeeded: self) }
}

extension JournalEntry {
    /// For the trace.
    var word: String {
        switch self {
        case .transaction(let id, let event): "\(id.description.suffix(4)).\(String(describing: event).prefix { $0 != "(" })"
        default: String(String(describing: self).prefix { $0 != "(" })
        }
    }
}
