import Keys
import Synchronization

/// A virtual EMV card: the card side of EMV 4.4 at the level of APDUs, with real keys. Its counters live as long as the value, over any number of
/// resets.
public final class EMVCard: VirtualCard {
    private let machine: Mutex<EMVCardMachine>

    init(_ card: PersonalisedCard) {
        machine = Mutex(EMVCardMachine(card) { try? RandomBytes.generate($0) })
    }

    public func reset() -> [UInt8]? { machine.withLock { $0.reset() } }

    public func process(_ command: [UInt8]) -> [UInt8]? { machine.withLock { $0.process(command) } }

    public func powerOff() { machine.withLock { _ = $0.reset() } }
}
