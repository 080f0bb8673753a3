import USB

/// Bringing the reader back into step (CCID 1.10, 5.3.1 and 6.1.13): the class request ABORT and the bulk message Abort with the bSeq of
/// the command that is given up, then everything is thrown away until the SlotStatus with that bSeq. The command itself, if the reader
/// still had it, answers failed with 0xFF before that.
extension CCIDExchange {
    mutating func abort(_ reason: DeviceError) -> [Action] {
        stage = .aborting(reason)
        resetLeftovers()
        return [.abortRequest(value: UInt16(sequence) << 8 | UInt16(terms.slot)), .write(abortFrame), .read(within: terms.timing.abort)]
    }

    private var abortFrame: [UInt8] { CCIDCommand.abort.bytes(slot: terms.slot, sequence: sequence) }

    mutating func abortGoesOn(_ event: Event, _ reason: DeviceError) -> [Action] {
        switch event {
        case .start, .pauseOver: return []
        case .received(let bytes):
            if case .message(let response) = CCIDResponse.parse(bytes), isEndOfAbort(response) { return finish(.failure(reason)) }
            return countLeftover() ? [.read(within: terms.timing.abort)] : givenUp(reason)
        case .failed(let direction, let error):
            switch error.code {
            case .noDevice, .closed, .notFound: return finish(.failure(DeviceError(error)))
            case .stall where countLeftover():
                let again: [Action] = direction == .out ? [.write(abortFrame)] : []
                return [.clearHalt(direction)] + again + [.read(within: terms.timing.abort)]
            default: return givenUp(reason)
            }
        }
    }

    /// A reader without Abort answers "unknown command", which is as good: everything older has been thrown away.
    private func isEndOfAbort(_ response: CCIDResponse) -> Bool {
        response.kind == .slotStatus && response.sequence == sequence && response.slot == terms.slot
            && !(response.commandStatus == .failed && response.error == 0xFF)
    }

    private mutating func givenUp(_ reason: DeviceError) -> [Action] {
        isOutOfStep = true
        return [.clearHalt(.out), .clearHalt(.in)] + finish(.failure(reason))
    }
}
