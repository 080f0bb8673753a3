import Devices
import Keys
import MagneticStripe
import Synchronization

/// `ReadCard` from the stripe reader in service: loyalty and staff cards have stripes.
public final class StripeCardSource: CardSource {
    private let current = Mutex<(any StripeReader)?>(nil)
    private let clock: any TerminalClock

    public init(clock: any TerminalClock = SystemClock()) { self.clock = clock }

    public func set(_ reader: (any StripeReader)?) { current.withLock { $0 = reader } }

    public var entryModes: Set<String> { current.withLock { $0 == nil } ? [] : ["swipe"] }

    public func readAccount(entryModes: Set<String>?, seconds: Int) async throws(DeviceError) -> (account: PAN, entryMode: String)? {
        guard entryModes?.contains("swipe") ?? true, let reader = current.withLock({ $0 }) else {
            throw DeviceError(.unsupported, "No reader for the entry modes asked for.")
        }
        // Swipes from before are discarded: the stream begins now.
        let swipes = reader.swipes()
        let (clock, deadline) = (clock, clock.now.advanced(by: .seconds(seconds)))
        let swipe = await withTaskGroup(of: StripeRead?.self) { group in
            group.addTask {
                for await swipe in swipes { return swipe }
                return nil
            }
            group.addTask {
                try? await clock.sleep(until: deadline)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        guard let swipe else { return nil }
        // What the reader's own key encrypted is a payment card, or was taken for one.
        guard swipe.encrypted == nil else { throw DeviceError(.refused, "The reader encrypts this card: it is a payment card.") }
        do throws(MagneticStripeError) {
            return (try StripeCard(track1: swipe.track1, track2: swipe.track2).accountNumber, "Swiped")
        } catch {
            throw DeviceError(.refused, "The stripe could not be read.")
        }
    }
}
