import Devices
import EMV
import PaymentHost

/// The reader, the card in it, and the kernel's dialogue with that card.
extension TerminalEngine {
    func readerChanged(_ reader: (any ChipReader)?) {
        self.reader = reader
        readerGeneration += 1
        presenceWatch?.cancel()
        presenceWatch = nil
        guard let reader else { return readerEnded(readerGeneration) }
        slot.readerCame()
        // Whatever card the reader reports first, the one in use has lost its power.
        if running?.kernel != nil { feed(.slot(.noReader)) }
        let generation = readerGeneration
        presenceWatch = Task { [weak self] in
            for await presence in reader.cardPresence() { await self?.presenceChanged(presence, generation) }
            await self?.readerEnded(generation)
        }
    }

    private func presenceChanged(_ presence: CardPresence, _ generation: Int) {
        guard generation == readerGeneration else { return }
        let hadCard = slot.state != .empty
        environment.cardChanged(presence != .absent)
        slot.changed(presence)
        feed(.slot(slot.state))
        if running == nil, hadCard, presence == .absent { showWelcome() }
    }

    private func readerEnded(_ generation: Int) {
        guard generation == readerGeneration else { return }
        reader = nil
        slot.readerWent()
        feed(.slot(slot.state))
    }

    /// Powers the card and begins the dialogue. From here on it serves no other transaction.
    func readCard() {
        guard let reader, let current = running else { return feed(.cardEnded(.readerLost)) }
        slot.use()
        running?.hasAnswered = false
        running?.outcome = nil
        running?.cardFailure = nil
        running?.kernel = environment.kernel(kernelTransaction(current))
        onCard { () throws(DeviceError) in .start(answerToReset: try await reader.powerOn()) }
    }

    private func kernelTransaction(_ current: RunningTransaction) -> KernelTransaction {
        let local = times(at: current.acceptance.at).local
        let bcd = [local.hour, local.minute, local.second].map { UInt8($0 / 10 << 4 | $0 % 10) }
        let cashback = current.request.cashbackAmount ?? 0
        let offline = offlineApproval(current)
        return KernelTransaction(
            transactionType: current.kernelTransactionType, amountAuthorised: current.amount,
            amountOther: .init(minorUnits: cashback, currency: current.amount.currency) ?? .zero(current.amount.currency),
            date: KernelDate(year: local.year, month: local.month, day: local.day), time: bcd,
            sequenceCounter: UInt32(current.exchange.stan),
            // Where nothing may be approved offline every approval is preceded by a request to go online.
            unpredictableNumber: environment.random(4), forceOnline: offline == .never, floorLimitBinds: offline == .underFloorLimit,
            selectionNumber: Int(environment.random(1).first ?? 98) % 99 + 1, attached: attachedCapabilities,
            history: TerminalRecords(
                exceptions: environment.configuration.exceptions, approvals: approvals, keys: environment.keys))
    }

    typealias CardOperation = @Sendable () async throws(DeviceError) -> KernelEvent

    /// One operation on the card, after those before it; what it gives goes to the kernel.
    func onCard(_ operation: @escaping CardOperation) {
        guard let current = running else { return }
        let (id, dialogue) = (current.id, current.dialogue)
        // Asked for by what the card has just said: the task that brought it goes on, which saves changing threads for each command.
        if let answering, answering == (id, dialogue), nextOperation == nil { return nextOperation = operation }
        let before = cardTask
        cardTask = Task(executorPreference: reader?.taskExecutor) { [weak self] in
            await before?.value
            var next: CardOperation? = operation
            while let operation = next {
                do throws(DeviceError) {
                    let event = try await operation()
                    next = await self?.cardAnswered(event, nil, dialogue, id)
                } catch {
                    next = await self?.cardAnswered(.cardLost, error, dialogue, id)
                }
            }
        }
    }

    /// What is to be done on the card next, if that is known at once.
    private func cardAnswered(_ event: KernelEvent, _ error: DeviceError?, _ dialogue: Int, _ id: TransactionID) -> CardOperation? {
        guard running?.id == id, running?.dialogue == dialogue else { return nil }
        if let error {
            environment.log.notice("card dialogue ended: \(error)", metadata: ["transaction": "\(id)"])
            let hasAnswered = running?.hasAnswered == true
            running?.cardFailure =
                switch error.code {
                case .cardRemoved: .removed
                case .deviceGone, .noPermission: .readerLost
                default: hasAnswered ? .mute : .unreadable
                }
        }
        if case .response = event { running?.hasAnswered = true }
        answering = (id, dialogue)
        drive(event)
        defer { (answering, nextOperation) = (nil, nil) }
        return nextOperation
    }

    func drive(_ event: KernelEvent) {
        // In place: a copy would copy all that the kernel holds.
        for action in running?.kernel?.on(event) ?? [] {
            switch action {
            case .transmit(let command):
                guard let reader else { return drive(.cardLost) }
                onCard { () throws(DeviceError) in .response(try await reader.transmit(command)) }
            case .chooseApplication(let candidates):
                running?.candidates = candidates
                running?.cardLanguage = candidates.lazy.flatMap(\.languages).compactMap { Language(rawValue: $0) }.first
                feed(.choiceNeeded)
            case .enterPIN(let request): pinNeeded(request)
            case .goOnline(let online):
                running?.learn(online.card, online.receipt, environment)
                let pin = running?.pin
                running?.pin = nil
                presented(
                    PresentedCard(
                        card: .clear(HostCardData(online.card, iccData: online.iccData)), entryMode: .chip,
                        authentication: HostCardholderAuthentication(online.receipt.cvm), pin: pin,
                        reference: cardReference(online.card.pan)))
            case .finished(let outcome): dialogueEnded(outcome)
            }
        }
    }

    private func dialogueEnded(_ outcome: KernelOutcome) {
        guard let current = running else { return }
        running?.outcome = outcome
        running?.learn(outcome, environment)
        // Named when the card has answered its second GENERATE AC, whatever it said.
        if current.machine.phase == .cardEnd, outcome.verdict == .approved || outcome.verdict == .declined {
            environment.point(.afterSecondGenerateAC)
        }
        if current.machine.phase == .dialogue, outcome.verdict == .approved, let card = outcome.card {
            let presented = PresentedCard(
                card: .clear(HostCardData(card, iccData: outcome.finalICCData)), entryMode: .chip,
                authentication: HostCardholderAuthentication(outcome.receipt.cvm), reference: cardReference(card.pan))
            guard accept(presented, byCard: true) else { return }
        }
        let end = Self.end(outcome, current.cardFailure)
        switch end {
        case .unreadable: chipFailed()
        case .approved, .declined, .refused: chipFailuresOver()
        default: break
        }
        feed(.cardEnded(end))
    }

    /// The card phase is over; the host is next.
    func presented(_ card: PresentedCard) {
        if accept(card) { feed(.onlineRequested) }
    }

    /// `false` when it is not the card of the original (pos-protocol, section 3, 26).
    private func accept(_ card: PresentedCard, byCard: Bool = false) -> Bool {
        guard let current = running else { return false }
        if let original = current.plan.original?.card, let presented = card.reference, presented.hash != original.hash {
            feed(.anotherCard)
            return false
        }
        running?.presented = card
        feed(.offlineAllowed(isOfflineAllowed(current, card, byCard: byCard)))
        return true
    }

    private static func end(_ outcome: KernelOutcome, _ failure: TransactionMachine.CardEnd?) -> TransactionMachine.CardEnd {
        switch outcome.verdict {
        case .approved: .approved
        case .declined: .declined
        case .terminated: refusals.contains(outcome.reason ?? "") ? .refused : .unusable
        case .fallback: .unreadable
        case .cancelled: outcome.reason == "cardholderTimedOut" ? .timedOut : .cancelled
        case .cardLost: failure ?? .mute
        }
    }

    /// Reasons by which the card, or its issuer, refuses a service that it could give.
    private static let refusals: Set<String> = ["applicationBlocked", "cardBlocked", "conditionsNotSatisfied"]

    func completeCard(_ verdict: TransactionMachine.HostVerdict) {
        // A card outside the slot has had its say.
        guard running?.kernel != nil else { return feed(.cardEnded(running?.entersByChip == false ? .approved : .mute)) }
        switch verdict {
        case .approved, .partiallyApproved, .declined:
            let answer = running?.hostAnswer
            drive(
                .hostAnswered(
                    .answered(
                        authorisationResponseCode: Array((answer?.responseCode ?? "05").utf8.prefix(2)), approved: verdict != .declined,
                        iccData: answer?.iccData ?? [])))
        case .notConnected, .notSent, .noAnswer, .badAnswer: drive(.hostAnswered(.unableToGoOnline))
        }
    }

    /// Ends the dialogue wherever it is. What the kernel knows by then is for the receipt.
    func stopCard() {
        if keepForScripts() { return }
        guard var kernel = running?.kernel else { return }
        if running?.outcome == nil {
            for case .finished(let outcome) in kernel.on(.cardLost) {
                running?.outcome = outcome
                running?.learn(outcome, environment)
            }
        }
        running?.kernel = nil
        running?.dialogue += 1
        running?.choice?.cancel()
        let before = cardTask
        before?.cancel()
        guard let reader else { return }
        cardTask = Task {
            await before?.value
            await reader.powerOff()
        }
    }

    func offerApplications() {
        guard let current = running else { return }
        // A display without buttons: the application of highest priority (EMV 4.4 Book 1, 12.4).
        guard environment.display.abilities.contains(.buttons), let answers = environment.display.answers() else {
            return applicationChosen(0)
        }
        let (id, dialogue) = (current.id, current.dialogue)
        running?.choice = Task { [weak self] in
            for await answer in answers { if case .pressed(let text) = answer.kind { await self?.pressed(text, dialogue, id) } }
        }
    }

    private func pressed(_ text: String, _ dialogue: Int, _ id: TransactionID) {
        guard let current = running, current.id == id, current.dialogue == dialogue, !current.candidates.isEmpty else { return }
        if text == texts.cancelButton { return applicationChosen(nil) }
        guard let index = current.candidates.firstIndex(where: { $0.shownName == text }) else { return }
        applicationChosen(index)
    }

    private func applicationChosen(_ index: Int?) {
        running?.choice?.cancel()
        running?.candidates = []
        feed(.choiceMade)
        drive(.applicationChosen(index))
    }
}

extension HostCardData {
    init(_ card: KernelCardData, iccData: [UInt8]) {
        self.init(
            pan: card.pan, expiry: card.expiry, track2: card.track2, panSequenceNumber: card.panSequenceNumber,
            iccData: iccData.isEmpty ? nil : iccData)
    }
}

extension ApplicationCandidate {
    var shownName: String { preferredName ?? label }
}
