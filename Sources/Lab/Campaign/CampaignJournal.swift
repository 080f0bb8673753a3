import Foundation
import Terminal

/// Where a run's journal is kept from one life of the terminal to the next.
enum CampaignJournal {
    /// What the last life has left.
    case memory([[JournalEntry]])
    case disk(CampaignDirectory)
}

/// A directory with the journal on a `FaultyDisk`, used by one run after the other until it is removed.
final class CampaignDirectory: Sendable {
    private let directory: URL
    /// A journal without anything in it, so that not every run need make its tables.
    private let empty: Data

    private var path: String { directory.appending(path: "journal.sqlite").path }

    init() throws {
        // In memory where there is such a place: what is synced is the model's affair, not the medium's.
        let place =
            FileManager.default.isWritableFile(atPath: "/dev/shm") ? URL(filePath: "/dev/shm") : FileManager.default.temporaryDirectory
        directory = place.appending(path: "countertop-campaign-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let path = directory.appending(path: "journal.sqlite").path
        let store = try SQLiteJournalStore(path: path)
        store.close()
        empty = try Data(contentsOf: URL(filePath: path))
    }

    func remove() { try? FileManager.default.removeItem(at: directory) }

    /// A new disk for a new run. One run of eight makes its tables itself, faults included.
    func begin(_ schedule: CampaignSchedule, _ mutant: CampaignMutant?) {
        for suffix in ["", "-wal", "-shm", "-journal"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        if schedule.seed % 8 != 0 { try? empty.write(to: URL(filePath: path)) }
        let faults = schedule.faults.compactMap { if case .disk(let fault) = $0.fault { fault } else { nil } }
        FaultyDisk.begin(faults, seed: schedule.seed ^ 0x4449_534B, mutant: mutant)
    }

    /// Checkpoints come early, so that short runs have them too.
    func open() throws(JournalError) -> any JournalStore { try SQLiteJournalStore(path: path, commitsWorthCheckpoint: 4) }

    func abandon() { FaultyDisk.abandon() }
    func powerCut() { FaultyDisk.powerCut() }
    func heal() { FaultyDisk.heal() }
}
