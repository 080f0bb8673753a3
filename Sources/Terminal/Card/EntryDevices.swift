import Devices

/// The readers besides the chip reader, and the printer, as they are in service now.
struct EntryDevices: Sendable {
    var stripe: (any StripeReader)?
    var contactless: (any ContactlessReader)?
    var keypad: (any CardKeypad)?
    var printer: (any Printer)?
    /// Those who listen for a card of the running transaction.
    var listeners: [Task<Void, Never>] = []
    /// Waits for a number at the keypad.
    var typing: Task<Void, Never>?
    /// When chips could not be read.
    var failedChipReads: [ContinuousClock.Instant] = []

    /// Failures that are older are another customer's.
    static let failureWindow = Duration.seconds(60)

    mutating func recentFailures(_ now: ContinuousClock.Instant) -> Int {
        failedChipReads.removeAll { $0.duration(to: now) > Self.failureWindow }
        return failedChipReads.count
    }
}
