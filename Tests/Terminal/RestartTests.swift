import Testing

@testable import Terminal

@Suite("Daily restart", .timeLimit(.minutes(1)))
struct RestartTests {
    private let start = ContinuousClock.now

    @Test("At the configured local time, within 24 hours; a start in that very minute waits for the limit")
    func regular() {
        let noon = 12 * 3600
        #expect(RestartSchedule(start: start, localSeconds: noon, minute: 180).regular == start + .seconds(15 * 3600))
        #expect(RestartSchedule(start: start, localSeconds: noon, minute: 721).regular == start + .seconds(60))
        let limit = start + .seconds(24 * 3600 - 300)
        #expect(RestartSchedule(start: start, localSeconds: noon, minute: 720).regular == limit)
        #expect(RestartSchedule(start: start, localSeconds: noon, minute: nil).regular == limit)
        #expect(RestartSchedule(start: start, localSeconds: noon, minute: 719).regular == limit)
    }

    @Test("A time that is set while it runs may be seconds ahead; a start seconds before is the restart itself")
    func soon() {
        let (noon, later) = (12 * 3600, start + .seconds(3600))
        let limit = start + .seconds(24 * 3600 - 300)
        #expect(RestartSchedule(start: start, now: later, localSeconds: noon - 30, minute: 720).regular == later + .seconds(30))
        #expect(RestartSchedule(start: start, now: later, localSeconds: noon, minute: 720).regular == limit)
        #expect(RestartSchedule(start: start, localSeconds: noon - 30, minute: 720).regular == limit)
    }

    @Test("Running, due at its time, maintenance from 23 h 55 min")
    func phases() {
        let schedule = RestartSchedule(start: start, localSeconds: 0, minute: 180)
        #expect(schedule.phase(at: start) == .running && schedule.change(after: start) == schedule.regular)
        #expect(schedule.phase(at: schedule.regular) == .due && schedule.change(after: schedule.regular) == schedule.last)
        #expect(schedule.last == start + .seconds(24 * 3600 - 300))
        #expect(schedule.phase(at: schedule.last) == .maintenance && schedule.change(after: schedule.last) == nil)
    }

    @Test("Never inside a transaction: it is waited for; then the restart is announced, and nothing new begins")
    func waitsForIdle() async throws {
        let rig = try await Rig(parameters: ["RESTARTTIME": "0000"])
        let sale = try await rig.sell()
        await sale.status(.card)
        rig.clock.advance(by: .seconds(24 * 3600 - 300))
        // The card's minute is long over too.
        #expect(await sale.final().result == .timeout)
        await rig.trace.wait { $0.contains("restart") }
        let answer = await rig.refusal(Rig.sale())
        #expect(answer?.result == .terminalNotReady && answer?.errorCondition == .maintenance)
    }

    @Test("Idle at its time: announced at once")
    func idle() async throws {
        let rig = try await Rig()
        let local = rig.engine.environment.clock.wallTime.calendar(offset: 3600)
        let now = local.hour * 3600 + local.minute * 60 + local.second
        await rig.clock.sleeper(after: .seconds((3 * 3600 - now + 86_400) % 86_400))
        rig.clock.advance(by: .seconds((3 * 3600 - now + 86_400) % 86_400))
        await rig.trace.wait { $0.contains("restart") }
    }
}
