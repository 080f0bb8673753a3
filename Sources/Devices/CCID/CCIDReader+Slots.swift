import USB

/// Following the slots: by the interrupt endpoint, or by asking where there is none.
extension CCIDReader {
    private static let toleratedFailures = 10
    private static let looks = 3

    /// Until the reader is gone, or the task is cancelled.
    func run() async -> DeviceError {
        if let endpoint = interface.interruptIn, let end = await listen(endpoint) { return end }
        return await poll()
    }

    /// `nil` when the endpoint is of no use.
    private func listen(_ endpoint: UInt8) async -> DeviceError? {
        var failures = 0
        while failures < Self.toleratedFailures {
            do {
                let bytes = try await device.interruptIn(endpoint, length: 64, timeout: nil)
                failures = await notified(bytes) ? 0 : failures + 1
            } catch {
                switch error.code {
                case .noDevice, .closed, .notFound: return DeviceError(error)
                case .cancelled where Task.isCancelled: return DeviceError(error)
                case .stall: try? await device.clearHalt(endpoint)
                default: break
                }
                failures += 1
            }
        }
        return nil
    }

    /// `false` for a message that makes no sense.
    private func notified(_ bytes: [UInt8]) async -> Bool {
        switch CCIDInterruptMessage.parse(bytes, slotCount: interface.slotCount) {
        case .slotChange(let changes):
            // First tell all, so that a removal is known before anything is asked.
            let asked = changes.indices.filter { tell(.notified(changes[$0]), $0) }
            for slot in asked { await look(slot) }
            return true
        case .hardwareError(let slot, _):
            await look(min(Int(slot), interface.slotCount - 1))
            return true
        case .malformed:
            // Whatever it was to say, the slots know.
            for slot in 0..<interface.slotCount { await look(slot) }
            return false
        }
    }

    /// Asks for the state of a slot, again when the answer was lost or garbled: it may be the only word of a card.
    private func look(_ slot: Int) async {
        for _ in 0..<Self.looks {
            do {
                _ = try await perform(.slotStatus, slot: slot)
                return
            } catch {
                if error.code == .deviceGone || error.code == .cancelled { return }
            }
        }
    }

    private func poll() async -> DeviceError {
        while (try? await clock.sleep(for: timing.polling)) != nil {
            for slot in 0..<interface.slotCount {
                do {
                    _ = try await perform(.slotStatus, slot: slot)
                } catch {
                    if error.code == .deviceGone || error.code == .cancelled { return error }
                }
            }
        }
        return DeviceError(.cancelled, "the reader is no longer followed")
    }
}
