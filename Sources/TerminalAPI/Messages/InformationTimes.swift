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

    /// Two answers of the same moment tell the same times.
    struct Moment: Equatable {
        fileprivate var unixTime: Int64
        fileprivate var uptimeSeconds: Int64
    }

    var moment: Moment { Moment(unixTime: clock.unixTime, uptimeSeconds: (clock.now - start).components.seconds) }

    mutating func told(at moment: Moment, nextRestart: WallTime?) -> POSMessageEncoder.Times {
        if moment.unixTime != second {
            second = moment.unixTime
            text = LocalTime.rfc3339(moment.unixTime)
        }
        let restart = nextRestart.map { $0.milliseconds / 1000 } ?? limit
        let restartText: String
        if let told = self.nextRestart, told.time == restart {
            restartText = told.text
        } else {
            restartText = LocalTime.rfc3339(restart)
            self.nextRestart = (restart, restartText)
        }
        return .init(dateTime: text, uptimeSeconds: moment.uptimeSeconds, nextRestart: restartText)
    }
}
