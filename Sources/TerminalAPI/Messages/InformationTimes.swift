/// The times in `GetInformation`; the text of a second is made once.
struct InformationTimes {
    private let clock: any ServerClock
    private let start: Duration
    private let nextRestart: String
    private var second: Int64 = .min
    private var text = ""

    init(clock: any ServerClock, nextRestart: Int64?) {
        self.clock = clock
        start = clock.now
        self.nextRestart = LocalTime.rfc3339(nextRestart ?? clock.unixTime + 24 * 3600)
    }

    mutating func now() -> POSMessageEncoder.Times {
        let unixTime = clock.unixTime
        if unixTime != second {
            second = unixTime
            text = LocalTime.rfc3339(unixTime)
        }
        return .init(dateTime: text, uptimeSeconds: (clock.now - start).components.seconds, nextRestart: nextRestart)
    }
}
