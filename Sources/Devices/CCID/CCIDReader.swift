import USB

/// One CCID interface of an open device: carries out exchanges, one at a time, and follows what happens in the slots.
actor CCIDReader {
    nonisolated let interface: CCIDInterface
    /// Presence in each slot, for everybody who follows it.
    nonisolated let presence: [Followed<CardPresence>]
    let device: any USBDevice
    let timing: CCIDTiming
    let clock: any Clock<Duration>
    let negotiatesRates: Bool
    private var slots: [CCIDSlotPresence]
    /// What is known of the card in each slot.
    var links: [CCIDCardLink]
    var lastCard: [CCIDCardStatus?]
    private var sequence: UInt8 = 0
    private var isClosed = false
    private var isBusy = false
    private var queue: [CheckedContinuation<Void, Never>] = []

    init(
        _ device: any USBDevice, interface: CCIDInterface, timing: CCIDTiming, clock: any Clock<Duration>, negotiatesRates: Bool = false
    ) {
        self.device = device
        self.interface = interface
        self.timing = timing
        self.clock = clock
        self.negotiatesRates = negotiatesRates
        let activatesItself = interface.descriptor.features.contains(.activationOnInsertion)
        slots = (0..<interface.slotCount).map { _ in CCIDSlotPresence(activatesItself: activatesItself)
        }
        links = slots.map { _ in .unpowered }
        lastCard = slots.map { _ in nil }
        presence = (0..<interface.slotCount).map { _ in Followed(.absent) }
    }

    /// Claims the interface and asks what is in the slots.
    func start() async throws(DeviceError) {
        do {
            try await device.claim(interface: interface.number)
        } catch  where error.code == .busy {
            throw DeviceError(
                .busy, error.message,
                remedy: "Stop the program that holds the reader; for the PC/SC daemon: systemctl disable --now pcscd.socket pcscd.service")
        } catch {
            throw DeviceError(error)
        }
        for slot in 0..<interface.slotCount {
            do {
                _ = try await perform(.slotStatus, slot: slot)
            } catch  where error.code == .timeout || error.code == .protocolViolation || error.code == .refused {
                // What an earlier user of the reader left in it is gone after the first attempt.
                _ = try await perform(.slotStatus, slot: slot)
            }
        }
    }

    /// Ends the presence streams; commands that wait for their turn fail with `.deviceGone`.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        for slot in presence { slot.finish(.absent) }
    }

    // MARK: Commands

    func perform(_ request: CCIDExchange.Request, slot: Int) async throws(DeviceError) -> CCIDExchange.Answer {
        await takeTurn()
        defer { passTurn() }
        return try await performInTurn(request, slot: slot)
    }

    /// For who has the turn.
    func performInTurn(_ request: CCIDExchange.Request, slot: Int) async throws(DeviceError)
        -> CCIDExchange.Answer
    {
        if isClosed { throw DeviceError(.deviceGone, "the reader is gone") }
        if Task.isCancelled { throw DeviceError(.cancelled, "the command was cancelled") }
        let terms = CCIDExchange.Terms(
            slot: UInt8(truncatingIfNeeded: slot), level: interface.level, maximumMessageLength: interface.maximumMessageLength,
            timing: timing)
        let (exchange, result) = await run(CCIDExchange(request, terms: terms, after: sequence), .start)
        sequence = exchange.sequence
        if let card = exchange.card { observe(request, result, card, slot) }
        return try result.get()
    }

    private func observe(
        _ request: CCIDExchange.Request, _ result: Result<CCIDExchange.Answer, DeviceError>, _ card: CCIDCardStatus, _ slot: Int
    ) {
        lastCard[slot] = card
        if card != .active { links[slot] = .unpowered }
        switch (request, result) {
        case (.slotStatus, .success): _ = tell(.status(card), slot)
        case (.powerOn, .success): _ = tell(.poweredOn, slot)
        default: _ = tell(.seen(card), slot)
        }
    }

    /// Tells a slot what was seen of it; whether it wants GetSlotStatus to be asked.
    func tell(_ event: CCIDSlotPresence.Event, _ slot: Int) -> Bool {
        guard !isClosed, slots.indices.contains(slot) else { return false }
        var asks = false
        for action in slots[slot].on(event) {
            switch action {
            case .announce(let new): presence[slot].set(new)
            case .ask: asks = true
            }
        }
        return asks
    }

    // MARK: Carrying out

    private typealias Ended = (CCIDExchange, Result<CCIDExchange.Answer, DeviceError>)

    private func run(_ exchange: CCIDExchange, _ event: CCIDExchange.Event) async -> Ended {
        var exchange = exchange
        var event = event
        while true {
            let (next, result) = await carryOut(exchange.on(event))
            if let result { return (exchange, result) }
            if case .failed(_, let error) = next, error.code == .cancelled, Task.isCancelled {
                // Bringing the reader back into step is not for the one who cancelled: it runs in a task of its own.
                let unfinished = exchange
                return await Task { await self.run(unfinished, next) }.value
            }
            event = next
        }
    }

    /// The event that the actions led to, or how the exchange ended.
    private func carryOut(
        _ actions: [CCIDExchange.Action]
    ) async -> (CCIDExchange.Event, Result<CCIDExchange.Answer, DeviceError>?) {
        for (index, action) in actions.enumerated() {
            switch action {
            case .write(let frame):
                if index + 1 < actions.count, case .read(let limit) = actions[index + 1] { return (await exchange(frame, limit), nil) }
                do { try await device.bulkOut(interface.bulkOut, frame, timeout: timing.write) } catch {
                    return (.failed(.out, error), nil)
                }
            case .read(let limit):
                do {
                    return (.received(try await device.bulkIn(interface.bulkIn, length: interface.readLength, timeout: limit)), nil)
                } catch {
                    return (.failed(.in, error), nil)
                }
            case .pause(let duration):
                let isOver = (try? await clock.sleep(for: duration)) != nil
                return (isOver ? .pauseOver : .failed(.in, USBError(.cancelled, "the pause was cancelled")), nil)
            case .clearHalt(let direction):
                try? await device.clearHalt(direction == .out ? interface.bulkOut : interface.bulkIn)
            case .abortRequest(let value):
                let setup = USBSetup(requestType: 0x21, request: 0x01, value: value, index: UInt16(interface.number), length: 0)
                _ = try? await device.control(setup, data: [], timeout: timing.abort)
            case .finish(let result): return (.pauseOver, result)
            }
        }
        // No list ends without an event or a result; this keeps a mistake from hanging the reader.
        return (.pauseOver, .failure(DeviceError(.protocolViolation, "the exchange has nothing left to do")))
    }

    /// A frame and what answers it, in one go.
    private func exchange(_ frame: [UInt8], _ limit: Duration) async -> CCIDExchange.Event {
        let exchange = USBExchange(
            frame, to: interface.bulkOut, within: timing.write, answerFrom: interface.bulkIn, length: interface.readLength, within: limit)
        switch await device.exchange(exchange) {
        case .answered(let bytes): return .received(bytes)
        case .notSent(let error): return .failed(.out, error)
        case .notAnswered(let error): return .failed(.in, error)
        }
    }

    // MARK: Turns

    /// One command per reader at a time, in the order of asking.
    func takeTurn() async {
        if !isBusy {
            isBusy = true
            return
        }
        await withCheckedContinuation { queue.append($0) }
    }

    func passTurn() {
        if queue.isEmpty { isBusy = false } else { queue.removeFirst().resume() }
    }
}
