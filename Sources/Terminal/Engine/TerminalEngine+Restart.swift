/// The daily restart: announced when it is due and nothing runs.
extension TerminalEngine {
    /// Again when `RESTARTTIME` has changed.
    public func scheduleRestart() {
        let now = environment.clock.now
        let start = startedAt ?? now
        startedAt = start
        let local = times(at: environment.clock.wallTime).local
        let minute = environment.parameters?.minuteOfDay("RESTARTTIME")
        restart = RestartSchedule(
            start: start, now: now, localSeconds: local.hour * 3600 + local.minute * 60 + local.second, minute: minute)
        let wait = restart.map { $0.regular - now } ?? .zero
        let planned = environment.clock.wallTime.milliseconds + wait.components.seconds * 1000
        changeSnapshot { $0.nextRestart = WallTime(milliseconds: planned) }
        awaitRestart()
    }

    private func awaitRestart() {
        restartWait?.cancel()
        guard let next = restart?.change(after: environment.clock.now) else { return }
        let clock = environment.clock
        restartWait = Task { [weak self] in
            do { try await clock.sleep(until: next) } catch { return }
            await self?.restartTimeCame()
        }
    }

    private func restartTimeCame() {
        restartWhenIdle()
        awaitRestart()
    }

    /// Called when the time has come, and when a transaction or a settlement has ended. A settlement that is due goes first, until the 24 hours are
    /// almost over: then the next start makes up for it.
    func restartWhenIdle() {
        guard let restart, running == nil, !isDead, !isShuttingDown else { return }
        let phase = restart.phase(at: environment.clock.now)
        guard phase != .running, phase == .maintenance || !settlementGoesFirst() else { return }
        isShuttingDown = true
        environment.log.notice("The daily restart begins.")
        environment.onRestartDue()
    }

    /// From five minutes before the 24 hours are over.
    var isInMaintenance: Bool { restart?.phase(at: environment.clock.now) == .maintenance }
}
