import Testing

@testable import Terminal

@Suite("Wall time")
struct WallTimeTests {
    @Test(
        "Calendar dates",
        arguments: [
            (Int64(0), "1970-01-01 00:00:00", 1), (951_782_400, "2000-02-29 00:00:00", 60), (1_078_012_799, "2004-02-28 23:59:59", 59),
            (1_735_689_599, "2024-12-31 23:59:59", 366), (4_107_542_400, "2100-03-01 00:00:00", 60), (-1, "1969-12-31 23:59:59", 365),
            (1_795_384_089, "2026-11-22 21:48:09", 326),
        ])
    func calendar(_ seconds: Int64, _ text: String, _ dayOfYear: Int) {
        let calendar = WallTime(milliseconds: seconds * 1000).calendar()
        #expect(calendar.text == text && calendar.dayOfYear == dayOfYear)
    }

    @Test("As the messages write it, in local time")
    func fields() {
        let local = JournalSamples.time.calendar(offset: 3 * 3600)
        #expect(
            local.field12 == "261123004809" && local.field7 == "1123004809" && local.dateText == "20261123" && local.timeText == "004809")
    }

    @Test("The extremes do not trap")
    func extremes() {
        for milliseconds in [Int64.min, .max] { _ = WallTime(milliseconds: milliseconds).calendar(offset: 86_400) }
    }
}
