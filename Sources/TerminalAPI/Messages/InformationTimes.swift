import Terminal

/// The times in `GetInformation`; the text of a second is made once.
struct InformationTimes {
    private let clock: any ServerClock
    private let start: Duration
    /// Of a terminal that plans nothing: its longest life.
    private let limit: Int64
    private var nextRestart: (time: Int64, text: String)?
    private var second: Int64 = .min
    private var text = ""

    init(clock: any ServerClock) {
        self.clock = clock
        start = clock.now
        limit = clock.unixTime + 24 * 3600
    }

    mutating func now(nextRestart: WallTime?) -> POSMessageEncoder.Times {
        let unixTime = clock.unixTime
        if unixTime != second {
            second = unixTime
            text = LocalTime.rfc3339(unixTime)
        }
        let restart = nextRestart.map { $0.milliseconds / 1000 } ?? limit
        let restartText: String
        if let told = self.nextRestart, told.time == restart {
            restartText = told.text
        } else {
            restartText = LocalTime.rfc3339(restart)
            self.nextRestart = (restart, restartText)
        }
        return .init(dateTime: text, uptimeSeconds: (clock.now - start).components.seconds, nextRestart: restartText)
    }
}
