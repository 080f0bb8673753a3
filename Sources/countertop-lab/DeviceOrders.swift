import Foundation
import Lab
import Synchronization
import USB

/// What `devices` does with the lines of its standard input, each answered by one line: `ok`, or what was wrong with it.
///
///     insert CARD      puts a card into the chip reader
///     remove           takes it out
///     unplug           pulls the chip reader's plug
///     plug             puts it in again
final class DeviceOrders: Sendable {
    private let bus: MemoryBus
    private let place: USBBusPath
    private let chip: VirtualCCIDReader
    private let issuer: Mutex<CardIssuer?> = Mutex(nil)

    init(_ bus: MemoryBus, chip: VirtualCCIDReader, at place: USBBusPath) {
        self.bus = bus
        self.chip = chip
        self.place = place
    }

    /// Reads standard input on a thread of its own until it ends.
    func follow() {
        Thread.detachNewThread { [self] in
            while let line = readLine() { say(answer(line)) }
        }
    }

    func insert(_ card: String) throws {
        let issuer = try issuer.withLock { kept in
            let issuer = try kept ?? CardIssuer()
            kept = issuer
            return issuer
        }
        chip.insert(try issuer.issue(try CardProfiles.named(card)))
    }

    private func answer(_ line: String) -> String {
        let words = line.split(separator: " ").map(String.init)
        do {
            switch (words.first, words.dropFirst().first) {
            case ("insert", let card?): try insert(card)
            case ("remove", _): chip.remove()
            case ("unplug", _): bus.unplug(place)
            case ("plug", _): try bus.plug(chip, at: place)
            default: return "error: there is insert CARD, remove, unplug, plug"
            }
            return "ok"
        } catch {
            return "error: \(error)"
        }
    }
}
