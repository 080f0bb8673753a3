import Devices
import EMV
import Keys
import SmartCard
import Synchronization
import Terminal
import USB

/// A card dialogue in four steps: one command, online, one more command, the verdict. The kernel itself has its own tests.
struct CampaignKernel: CardKernel {
    private enum Step { case begin, firstCommand, online, lastCommand, over }

    let behaviour: CampaignSchedule.Card
    /// Whether the card may be asked for an approval of its own.
    let allowsOffline: Bool
    private var step = Step.begin
    private var verdict = KernelOutcome.Verdict.declined

    init(_ behaviour: CampaignSchedule.Card, _ transaction: KernelTransaction) {
        self.behaviour = behaviour
        allowsOffline = !transaction.forceOnline
    }

    mutating func on(_ event: KernelEvent) -> [KernelAction] {
        let command = CommandAPDU(0x80, 0xAE, 0x80, 0x00, data: [0x00], expectedLength: 256)
        switch (event, step) {
        case (.start, .begin):
            if behaviour == .unreadable { return finish(.terminated) }
            step = .firstCommand
            return [.transmit(command)]
        case (.response, .firstCommand):
            guard behaviour != .declines, let card = Self.card else { return finish(.declined) }
            step = .online
            return [.goOnline(OnlineRequest(card: card, iccData: [], receipt: receipt))]
        case (.hostAnswered(let answer), .online):
            switch answer {
            case .answered(_, true, _): verdict = behaviour == .refusesAfterApproval ? .declined : .approved
            case .answered: verdict = .declined
            case .unableToGoOnline: verdict = allowsOffline && behaviour == .approves ? .approved : .declined
            }
            step = .lastCommand
            return [.transmit(command)]
        case (.response, .lastCommand): return finish(verdict)
        case (.cardLost, _) where step != .over: return finish(.cardLost)
        default: return []
        }
    }

    private mutating func finish(_ verdict: KernelOutcome.Verdict) -> [KernelAction] {
        let isKnown = step != .begin
        step = .over
        return [
            .finished(
                KernelOutcome(
                    verdict: verdict, reason: nil, card: isKnown ? Self.card : nil, receipt: isKnown ? receipt : KernelReceiptData(),
                    finalICCData: []))
        ]
    }

    private var receipt: KernelReceiptData {
        var receipt = KernelReceiptData()
        receipt.aid = [0xA0, 0x00, 0x00, 0x00, 0x03, 0x10, 0x10]
        return receipt
    }

    private static let card: KernelCardData? = PAN("4761739001010119").map {
        KernelCardData(pan: $0, track2: SecretBytes("4761739001010119=3012".utf8), expiry: "3012", panSequenceNumber: 1)
    }
}

/// One slot, its cable, and the cardholder, who does what the display says.
///
/// `@unchecked Sendable`: used on the campaign's one thread only (`CampaignScheduler`).
final class CampaignCounter: DeviceProvider, CardholderDisplay, @unchecked Sendable {
    private let scheduler: CampaignScheduler
    private var random: CampaignRandom
    private(set) var reader: CampaignReader?
    private var watchers: [AsyncStream<(any ChipReader)?>.Continuation] = []
    var behaviour = CampaignSchedule.Card.approves
    /// The display's turn: what was asked of the cardholder before is void.
    private var turn = 0

    init(_ scheduler: CampaignScheduler, seed: UInt64) {
        self.scheduler = scheduler
        random = CampaignRandom(seed: seed)
        reader = CampaignReader(self, scheduler)
    }

    var devices: [DeviceDescription] { reader.map { [$0.device] } ?? [] }

    func chipReaders() -> AsyncStream<(any ChipReader)?> {
        AsyncStream { continuation in
            watchers.append(continuation)
            continuation.yield(reader)
        }
    }

    /// Streams of a process that is gone.
    func forgetWatchers() {
        for watcher in watchers { watcher.finish() }
        watchers = []
        reader?.forgetWatchers()
    }

    func show(_ message: DisplayMessage) async {
        turn += 1
        let turn = turn
        switch message.prompt {
        case .insertCard:
            scheduler.after(random.milliseconds(20...3000)) { [self] in if turn == self.turn { reader?.insert() } }
        case .removeCard, .approved, .declined, .cancelled, .notCompleted:
            scheduler.after(random.milliseconds(20...3000)) { [self] in reader?.remove() }
        default: break
        }
    }

    func pullCard() { reader?.remove() }

    func unplug(back: Duration) {
        guard let reader else { return }
        self.reader = nil
        reader.unplug()
        for watcher in watchers { watcher.yield(nil) }
        scheduler.after(back) { [self] in
            let plugged = CampaignReader(self, scheduler)
            self.reader = plugged
            for watcher in watchers { watcher.yield(plugged) }
        }
    }
}

/// `@unchecked Sendable`: used on the campaign's one thread only (`CampaignScheduler`).
final class CampaignReader: ChipReader, @unchecked Sendable {
    let device = DeviceDescription(
        kind: .chip, model: "Campaign", serialNumber: "1", vendorID: 1, productID: 1, path: USBBusPath("1-1"), driver: "campaign",
        state: .ready)
    private unowned let counter: CampaignCounter
    private let scheduler: CampaignScheduler
    private var insertions = 0
    private var presence = CardPresence.absent
    private var isGone = false
    private var watchers: [AsyncStream<CardPresence>.Continuation] = []
    private var commands = 0

    init(_ counter: CampaignCounter, _ scheduler: CampaignScheduler) {
        self.counter = counter
        self.scheduler = scheduler
    }

    func cardPresence() -> AsyncStream<CardPresence> {
        AsyncStream { continuation in
            guard !isGone else { return continuation.finish() }
            watchers.append(continuation)
            continuation.yield(presence)
        }
    }

    func insert() {
        guard presence == .absent, !isGone else { return }
        insertions += 1
        change(.present(insertion: insertions))
    }

    func remove() { if presence != .absent { change(.absent) } }

    func unplug() {
        isGone = true
        forgetWatchers()
    }

    func forgetWatchers() {
        for watcher in watchers { watcher.finish() }
        watchers = []
    }

    private func change(_ presence: CardPresence) {
        self.presence = presence
        for watcher in watchers { watcher.yield(presence) }
    }

    func powerOn() async throws(DeviceError) -> [UInt8] {
        try await delay(.milliseconds(30))
        commands = 0
        return [0x3B, 0x00]
    }

    func powerOff() async {}

    func transmit(_ command: CommandAPDU) async throws(DeviceError) -> ResponseAPDU {
        commands += 1
        let isSilent = commands == 2 && counter.behaviour == .mutesAfterApproval
        try await delay(isSilent ? .seconds(3) : .milliseconds(40))
        if isSilent { throw DeviceError(.cardMute, "the card does not answer") }
        return ResponseAPDU(status: .success)
    }

    private func delay(_ time: Duration) async throws(DeviceError) {
        await withCheckedContinuation { continuation in scheduler.after(time) { continuation.resume() } }
        if isGone { throw DeviceError(.deviceGone, "the reader was unplugged") }
        if presence == .absent { throw DeviceError(.cardRemoved, "the card was removed") }
    }
}
