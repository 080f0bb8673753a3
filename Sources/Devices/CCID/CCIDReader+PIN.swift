import SmartCard

/// PIN entry on the reader's own keys: the reader builds the PIN block and gives it to the card; only the card's answer comes back.
extension CCIDReader {
    /// What a Secure exchange led to.
    enum PINEntryEnd: Sendable, Hashable {
        case answered(ResponseAPDU)
        case cancelled
        case timedOut
    }

    func enterPIN(_ entry: CCIDPINEntry, slot: Int) async throws(DeviceError) -> PINEntryEnd {
        await takeTurn()
        defer { passTurn() }
        if entry.habits.pause > 0 {
            do { try await clock.sleep(for: .milliseconds(entry.habits.pause)) } catch {
                throw DeviceError(.cancelled, "the command was cancelled")
            }
        }
        var entry = entry
        var hidden: T1Protocol?
        if case .blocks(var blocks) = links[slot], interface.level == .tpdu {
            entry.prologue = blocks.startHidden(length: UInt8(truncatingIfNeeded: entry.apdu.count))
            hidden = blocks
        }
        // The reader's own limit comes first; this one is for readers that forget.
        let patience = max(Duration.seconds(90), .seconds(Int(entry.timeout) + 10))
        let answer = try await performInTurn(.secure(entry.bytes, patience: patience), slot: slot)
        switch answer.refusal {
        case CCIDFailure.pinTimeout, CCIDFailure.pinCancelled:
            // Nothing went to the card, so the numbers of its blocks have not moved.
            return answer.refusal == CCIDFailure.pinTimeout ? .timedOut : .cancelled
        case let error?: throw CCIDFailure.error(error)
        case nil: break
        }
        guard var blocks = hidden else { return .answered(try Self.response(answer.data)) }
        defer { links[slot] = .blocks(blocks) }
        // Some readers take the block apart themselves.
        if answer.data.count == 2 {
            blocks.finishHidden()
            return .answered(try Self.response(answer.data))
        }
        let apdu = try await move(&blocks, blocks.on(.received(answer.data)), slot)
        return .answered(try Self.response(apdu))
    }
}
