import CLibUDev
import Glibc
import Logging
import Synchronization

/// Tells `USBPresence` which USB devices udev sees, from a thread of its own.
///
/// Monitor first, then enumerate: what is plugged in between is seen by both, and the table knows what is news. The monitor listens to
/// udev's own messages, not the kernel's, so a device shows when its rules have run and its node has its permissions.
final class UDevWatcher: Sendable {
    private final class Shared: Sendable {
        let wakeup: Wakeup
        let isEnding = Atomic(false)
        init() throws(USBError) { wakeup = try Wakeup() }
    }

    private let shared: Shared
    private let thread: DedicatedThread

    /// Looks around once before it returns.
    init(presence: USBPresence, rescan: Duration, logger: Logger) throws(USBError) {
        let shared = try Shared()
        let udev = try UDev(logger: logger)
        presence.scanned(udev.scan(known: presence.devices))
        self.shared = shared
        // The thread owns `udev` from here.
        thread = try DedicatedThread("usb-udev") {
            let clock = ContinuousClock()
            var nextScan = clock.now + rescan
            while true {
                var polled = [
                    pollfd(fd: udev.descriptor, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: shared.wakeup.descriptor, events: Int16(POLLIN), revents: 0),
                ]
                poll(&polled, nfds_t(polled.count), Self.milliseconds(nextScan - clock.now))
                if shared.isEnding.load(ordering: .acquiring) { return }
                let isComplete = polled[0].revents == 0 || udev.receive(into: presence)
                if !isComplete || clock.now >= nextScan {
                    presence.scanned(udev.scan(known: presence.devices))
                    nextScan = clock.now + rescan
                }
            }
        }
    }

    func stop() async {
        askToStop()
        await thread.ended()
    }

    private func askToStop() {
        shared.isEnding.store(true, ordering: .releasing)
        shared.wakeup.ring()
    }

    deinit { askToStop() }

    /// Rounded up, so that the poll does not end before its time.
    private static func milliseconds(_ duration: Duration) -> Int32 {
        guard duration > .zero else { return 0 }
        guard duration < .seconds(86_400) else { return 86_400_000 }
        return Int32(clamping: Int64((duration / .milliseconds(1)).rounded(.up)))
    }
}
