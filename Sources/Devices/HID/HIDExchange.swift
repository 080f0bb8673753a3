import USB

/// A command to a HID device and its answer, as rules: no I/O, no clock. Each event is answered by the one thing to do next.
protocol HIDExchange: Sendable {
    associatedtype Outcome: Sendable
    mutating func on(_ event: HIDExchangeEvent) -> HIDExchangeAction<Outcome>
}

enum HIDExchangeEvent: Sendable, Hashable {
    case start
    /// Everything of the last `.write` was taken.
    case written
    /// The report asked for with `.get`.
    case answered([UInt8])
    /// An input report.
    case received([UInt8])
    /// Nothing came within the time of `.wait`.
    case expired
    /// The device answered the last `.write` or `.get` with STALL.
    case stalled
    /// The asker gave up. What follows is carried out all the same, so that the device is left in order.
    case cancelled
}

enum HIDExchangeAction<Outcome: Sendable>: Sendable {
    case write([HIDReportBytes])
    case get(HIDReportDescriptor.ReportKind, id: UInt8, length: Int)
    /// Wait for the next input report at most this long.
    case wait(Duration)
    case finish(Result<Outcome, DeviceError>)
}

/// One report as it goes over the wire, its id in front where the device numbers its reports.
struct HIDReportBytes: Sendable, Hashable {
    var kind: HIDReportDescriptor.ReportKind
    var id: UInt8
    var bytes: [UInt8]
}

extension HIDDevice {
    /// Carries an exchange out. Input reports are read here, so nothing else may read them meanwhile.
    func carryOut<Exchange: HIDExchange>(_ exchange: Exchange) async throws(DeviceError) -> Exchange.Outcome {
        try await carryOut(exchange, .start).get()
    }

    private func carryOut<Exchange: HIDExchange>(
        _ exchange: Exchange, _ event: HIDExchangeEvent
    ) async -> Result<Exchange.Outcome, DeviceError> {
        var exchange = exchange
        var event = event
        while true {
            let action = exchange.on(event)
            if case .finish(let result) = action { return result }
            do throws(USBError) {
                event = try await perform(action)
            } catch {
                switch error.code {
                case .cancelled where Task.isCancelled:
                    // Bringing the device back into order is not for the one who cancelled: it runs in a task of its own.
                    let unfinished = exchange
                    return await Task { await self.carryOut(unfinished, .cancelled) }.value
                case .timeout: event = .expired
                case .stall:
                    if case .wait = action { try? await device.clearHalt(interface.interruptIn) }
                    event = .stalled
                // A report that was too long, or garbled on the wire, is one that makes no sense.
                case .overflow, .io: event = .received([])
                default: return .failure(DeviceError(error))
                }
            }
        }
    }

    private func perform<Outcome>(_ action: HIDExchangeAction<Outcome>) async throws(USBError) -> HIDExchangeEvent {
        switch action {
        case .write(let reports):
            for report in reports { try await setReport(report.kind, id: report.id, report.bytes) }
            return .written
        case .get(let kind, let id, let length): return .answered(try await getReport(kind, id: id, length: length))
        case .wait(let limit):
            return .received(
                try await device.interruptIn(interface.interruptIn, length: max(reports.longest(.input), 1), timeout: limit))
        // Never asked for.
        case .finish: return .written
        }
    }
}
