/// Many schedules, one after the other.
public struct Campaign: Sendable {
    public struct Failure: Sendable {
        public let seed: UInt64
        public let findings: [String]
        /// The schedule with everything left out that is not needed to fail, and what happened in it.
        public let report: String
    }

    public struct Options: Sendable {
        public var seed: UInt64
        public var runs: Int
        /// Name of a fault of the program to put in: the campaign must fail.
        public var mutant: String?
        /// Prints what happens in each run.
        public var isTracing = false
        /// The journal is on a disk with faults of its own, instead of in memory.
        public var isOnDisk = false

        public init(seed: UInt64, runs: Int) {
            self.seed = seed
            self.runs = runs
        }
    }

    public static var mutants: [String] { CampaignMutant.allCases.map(\.rawValue) }

    private let options: Options
    private let mutant: CampaignMutant?
    private let ground: CampaignGround

    public init(_ options: Options) throws {
        self.options = options
        mutant = try options.mutant.map {
            guard let mutant = CampaignMutant(rawValue: $0) else {
                throw LabError(.badRequest, "There is no mutant \($0); there are \(Self.mutants.joined(separator: ", ")).")
            }
            if let needsDisk = mutant.needsDisk, needsDisk != options.isOnDisk {
                throw LabError(
                    .badRequest, "\(mutant.rawValue) needs the journal " + (needsDisk ? "on disk: --disk." : "in memory, without --disk."))
            }
            return mutant
        }
        ground = try CampaignGround()
    }

    /// Runs seeds from `seed` on; ends at the first failure. Blocks its thread, on which everything runs.
    /// - Parameter progress: called after each run with the number of runs so far.
    public func run(progress: (Int) -> Void = { _ in }, trace: (String) -> Void = { _ in }) throws -> Failure? {
        guard options.isOnDisk else { return try CampaignScheduler.own { run(on: nil, progress, trace) } }
        return try FaultyDisk.insert {
            let disk = try CampaignDirectory()
            defer { disk.remove() }
            return try CampaignScheduler.own { run(on: disk, progress, trace) }
        }
    }

    private func run(on disk: CampaignDirectory?, _ progress: (Int) -> Void, _ trace: (String) -> Void) -> Failure? {
        for number in 0..<options.runs {
            let schedule = CampaignSchedule(seed: options.seed &+ UInt64(number), onDisk: options.isOnDisk)
            let run = CampaignRun(schedule, mutant: mutant, ground: ground, disk: disk, isTracing: options.isTracing)
            let findings = run.findings()
            if options.isTracing { trace(([schedule.description] + run.trace).joined(separator: "\n")) }
            if !findings.isEmpty { return failure(schedule, findings, disk) }
            progress(number + 1)
        }
        return nil
    }

    private func failure(_ schedule: CampaignSchedule, _ findings: [String], _ disk: CampaignDirectory?) -> Failure {
        var smallest = schedule
        while let smaller = smallest.smaller.first(where: {
            !CampaignRun($0, mutant: mutant, ground: ground, disk: disk).findings().isEmpty
        }) {
            smallest = smaller
        }
        let last = CampaignRun(smallest, mutant: mutant, ground: ground, disk: disk, isTracing: true)
        let remaining = last.findings()
        let report =
            ["schedule:", smallest.description, "what happened:"] + last.trace.map { "  " + $0 } + ["found:"] + remaining.map { "  " + $0 }
        return Failure(seed: schedule.seed, findings: findings, report: report.joined(separator: "\n"))
    }
}
