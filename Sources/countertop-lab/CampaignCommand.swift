import ArgumentParser
import Foundation
import Lab

struct CampaignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "campaign", abstract: "Runs schedules of faults in virtual time and checks the books after each.",
        discussion: """
            Each run has its seed: requests, cards, and what goes wrong when. The first one after which the books of terminal, host and POS do not \
            agree is shrunk and printed; the same seed fails the same way again. Exit status 0 when none failed, 1 when one did.
            """)

    @Option(help: "The first run's seed; the next ones count up.") var seed: UInt64 = 1
    @Option(help: "How many runs.") var runs = 10_000
    @Option(help: "A fault of the program to put in, which the campaign must find: \(Campaign.mutants.joined(separator: ", ")).")
    var mutant: String?
    @Flag(help: "Keep the journal on a disk that loses what was not synced, tears and refuses writes, and fills up, instead of in memory.")
    var disk = false
    @Flag(help: "Print what happens in each run.") var trace = false

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs must be at least 1.") }
    }

    func run() throws {
        try hashDeterministically()
        var options = Campaign.Options(seed: seed, runs: runs)
        options.mutant = mutant
        options.isTracing = trace
        options.isOnDisk = disk
        let begin = ContinuousClock.now
        var done = 0
        let failure = try Campaign(options).run(progress: { done = $0 }, trace: { say($0) })
        let seconds = Double((ContinuousClock.now - begin) / .milliseconds(1)) / 1000
        say("\(done) runs from seed \(seed) in \(String(format: "%.1f", seconds)) s, \(Int(Double(done) / max(seconds, 0.001))) a second")
        guard let failure else { return }
        say("FAILED: seed \(failure.seed)")
        for finding in failure.findings { say("  \(finding)") }
        say(failure.report)
        say(
            "replay: countertop-lab campaign --seed \(failure.seed) --runs 1" + (disk ? " --disk" : "")
                + (mutant.map { " --mutant \($0)" } ?? ""))
        throw ExitCode(1)
    }

    /// A seed replays exactly only when dictionaries have one order in every process.
    private func hashDeterministically() throws {
        let name = "SWIFT_DETERMINISTIC_HASHING"
        guard ProcessInfo.processInfo.environment[name] == nil else { return }
        setenv(name, "1", 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        execv("/proc/self/exe", &arguments)
        throw ValidationError("The program cannot start itself again.")
    }
}
