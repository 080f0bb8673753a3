import Testing

extension Trait where Self == ConditionTrait {
    /// For what only the memory bus has.
    public static func inMemory(_ reason: Comment) -> Self { .enabled(if: !Ground.current.isReal, reason) }

    /// For what umockdev cannot play.
    public static func notUnderUMockdev(_ reason: Comment) -> Self { .enabled(if: Ground.current != .umockdev, reason) }

    /// For what only a system has: nodes, permissions, kernel drivers.
    public static var onKernel: Self { .enabled(if: Ground.current == .kernel, "needs a real kernel: make hil") }
}

/// Waits for something that needs other tasks to run: without a clock in memory, where nothing takes time; at most a minute and a half on a
/// system. Answers whether it came.
public func comes(_ isSo: () -> Bool) async -> Bool {
    let end = ContinuousClock.now + .seconds(90)
    var round = 0
    while round < 200_000 || (Ground.current.isReal && ContinuousClock.now < end) {
        if isSo() { return true }
        await Task.yield()
        round += 1
    }
    return false
}
