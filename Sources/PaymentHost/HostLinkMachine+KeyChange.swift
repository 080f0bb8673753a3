import Hex
import ISO8583
import Keys

/// The key change (host-protocol, "Exchanges": 811): after the first sign-on of a process, and every day that it lives, the terminal asks for a new MAC
/// key. The new key is stored, then in force for everything that is sent from there on; an answer is checked under the key of its request. A host
/// keeps both until it sees the new one, so that neither side's end in between keeps them from talking. A change that fails leaves the key as it was.
extension HostLinkMachine {
    func isKeyDue(_ now: Instant) -> Bool {
        guard keyProtection != nil, keyInStore == nil, !isShuttingDown, let keyDue else { return false }
        return keyDue <= now
    }

    mutating func askForKey(_ connection: ConnectionID, _ now: Instant) {
        // However this one ends, the next is not at once: a host that cannot do it must not be kept from its work.
        keyDue = now.advanced(by: timing.keyChangeRetry)
        requestStamp(.keyChange, connection, since: now, until: now.advanced(by: timing.keyChangeLimit))
    }

    /// - Parameter refusal: the host's code, when it is none that accepts.
    mutating func keyAnswered(_ answer: Message, _ refusal: String?, _ now: Instant) {
        lastActivity = now
        if let refusal { return keyRefused("the host answered \(refusal)", now) }
        guard let keyProtection else { return }
        do throws(ISO8583Error) {
            let (key, block) = try mapping.newKey(in: answer, under: keyProtection)
            keyInStore = key
            pending.append(.storeKey(block: block))
        } catch {
            keyRefused("\(error)", now)
        }
    }

    mutating func keyStored(_ isStored: Bool, _ now: Instant) {
        guard let key = keyInStore else { return }
        keyInStore = nil
        guard isStored else { return keyRefused("the new key cannot be stored", now) }
        mapping.use(key)
        statistics.keyChanges += 1
        statistics.lastKeyChangeFailure = nil
        statistics.keyCheckValue = mapping.keyCheckValue?.hex
        keyDue = now.advanced(by: timing.keyChangeInterval)
        log(.notice, "the MAC key was changed")
        // Lets the host see the new key and forget the old one.
        if case .up(let connection, _) = phase, network == nil, !isShuttingDown {
            requestStamp(.echo, connection, since: now, until: now.advanced(by: timing.echoLimit))
        }
    }

    /// The old key stays.
    mutating func keyRefused(_ reason: String, _ now: Instant) {
        network = nil
        statistics.failedKeyChanges += 1
        statistics.lastKeyChangeFailure = reason
        keyDue = now.advanced(by: timing.keyChangeRetry)
        log(.warning, "the MAC key was not changed: \(reason)")
    }
}
