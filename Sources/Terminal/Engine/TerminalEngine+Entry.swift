import Devices

/// Which ways of presenting a card there are, and listening for one.
extension TerminalEngine {
    func stripeReaderChanged(_ reader: (any StripeReader)?) {
        entry.stripe = reader
        entryWaysChanged()
    }

    func contactlessReaderChanged(_ reader: (any ContactlessReader)?) {
        entry.contactless = reader
        entryWaysChanged()
    }

    func keypadChanged(_ keypad: (any CardKeypad)?) {
        entry.keypad = keypad
        entryWaysChanged()
    }

    func printerChanged(_ printer: (any Printer)?) { entry.printer = printer }

    private func entryWaysChanged() {
        guard let current = running else { return }
        feed(.ways(entryWays(current.request)))
    }

    /// What the devices can do and the request allows. A card number is typed only where the request says so: a card that is there is read.
    func entryWays(_ request: TransactionRequest) -> Set<TransactionMachine.EntryWay> {
        var ways: Set<TransactionMachine.EntryWay> = [.chip]
        if entry.stripe != nil { ways.insert(.swipe) }
        if entry.contactless != nil { ways.insert(.contactless) }
        guard let allowed = request.entryModes else { return ways }
        if entry.keypad != nil { ways.insert(.manual) }
        return ways.filter { allowed.contains($0.rawValue) }
    }

    /// Cards from before are discarded: swipes and taps count from here on (pos-protocol, section 2).
    func listen(_ ways: Set<TransactionMachine.EntryWay>) {
        for listener in entry.listeners { listener.cancel() }
        entry.listeners = []
        typeNumber(ways.contains(.manual))
        guard let current = running else { return }
        // One device does one thing: whose keypad is asked takes no swipes meanwhile.
        if ways.contains(.swipe), let reader = entry.stripe, entry.typing == nil || entry.keypad?.device.path != reader.device.path {
            let (swipes, id) = (reader.swipes(), current.id)
            entry.listeners.append(
                Task { [weak self] in
                    for await read in swipes where !Task.isCancelled { await self?.swiped(read, id) }
                })
        }
        if ways.contains(.contactless), let reader = entry.contactless {
            let (request, id) = (contactlessRequest(current), current.id)
            entry.listeners.append(
                Task { [weak self] in
                    do throws(DeviceError) {
                        let read = try await reader.tap(request)
                        guard !Task.isCancelled else { return }
                        await self?.tapped(read, id)
                    } catch {
                        guard !Task.isCancelled else { return }
                        await self?.tapFailed(error, id)
                    }
                })
        }
    }
}

extension TerminalEngine {
    /// Follows the readers besides the chip reader, and the printer, for as long as the terminal runs.
    func watchEntryDevices() {
        let devices = environment.devices
        watches += [
            Task { [weak self] in for await reader in devices.stripeReaders() { await self?.stripeReaderChanged(reader) } },
            Task { [weak self] in for await reader in devices.contactlessReaders() { await self?.contactlessReaderChanged(reader) } },
            Task { [weak self] in for await keypad in devices.cardKeypads() { await self?.keypadChanged(keypad) } },
            Task { [weak self] in for await printer in devices.printers() { await self?.printerChanged(printer) } },
        ]
    }

    /// What the rules of a new transaction know of the readers.
    func entryRules(_ rules: inout TransactionMachine.Rules, _ request: TransactionRequest) {
        rules.ways = entryWays(request)
        rules.failedChipReads = entry.recentFailures(environment.clock.now)
    }

    /// A chip gave nothing to read.
    func chipFailed() { entry.failedChipReads.append(environment.clock.now) }

    /// A chip was read, or a stripe taken in its place: the next customer's chip is tried as often as any.
    func chipFailuresOver() { entry.failedChipReads = [] }
}

extension RunningTransaction {
    /// `false` for a card that was swiped, tapped or typed.
    var entersByChip: Bool { machine.usesSlot }
}
