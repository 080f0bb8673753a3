import Foundation
import GRDBSQLite
import Synchronization
import Terminal

/// A disk for SQLite that forgets what was not synced when the power goes, writes half of what it was given, and fills up: real files through
/// SQLite's own layer for them, with a shim in between (a `sqlite3_vfs`).
///
/// There is one in a process, which `insert` makes SQLite's default; each run of a campaign begins it anew.
enum FaultyDisk {
    /// Counted from the beginning of the run; each happens once.
    enum Fault: Sendable, Hashable {
        /// The nth write is refused, after some of its sectors were written or none.
        case writeFails(Int, torn: Bool)
        /// The nth sync is refused; what it should have synced is on the medium or not.
        case syncFails(Int)
        /// From the nth write on so many writes that make a file longer find no room.
        case full(Int, writes: Int)
    }

    /// What a write replaced and what it wrote.
    struct Change: Sendable {
        let offset: Int
        let before: [UInt8]
        let sizeBefore: Int
        /// `nil`: the file was cut to `offset`.
        let after: [UInt8]?
    }

    struct State: Sendable {
        var faults: [Fault] = []
        var mutant: CampaignMutant?
        var random = CampaignRandom(seed: 0)
        /// Files of a process that died answer nothing any more.
        var life = 0
        var writes = 0
        var syncs = 0
        /// In order, by path.
        var unsynced: [String: [Change]] = [:]
        var paths: [Int: (path: String, life: Int)] = [:]
        var lastFile = 0
        /// Happened, for the trace.
        var events: [String] = []
    }

    static let state = Mutex(State())
    static let sector = 512

    /// A new disk with these faults.
    static func begin(_ faults: [Fault], seed: UInt64, mutant: CampaignMutant? = nil) {
        state.withLock {
            $0 = State(life: $0.life + 1, lastFile: $0.lastFile)
            $0.faults = faults
            $0.mutant = mutant
            $0.random = CampaignRandom(seed: seed)
        }
    }

    static func heal() { state.withLock { $0.faults = [] } }

    static func takeEvents() -> [String] {
        state.withLock { state in
            defer { state.events = [] }
            return state.events
        }
    }

    /// The process that holds the files is gone: what it still does to them has no effect.
    static func abandon() { state.withLock { $0.life += 1 } }

    /// The power goes. Call it when all files are closed: of what was not synced some writes are there, some are not, and some in part.
    static func powerCut() {
        state.withLock { state in
            for (path, changes) in state.unsynced.sorted(by: { $0.key < $1.key }) { lose(changes, of: path, &state.random) }
            state.unsynced = [:]
        }
    }

    private static func lose(_ changes: [Change], of path: String, _ random: inout CampaignRandom) {
        guard let handle = FileHandle(forUpdatingAtPath: path) else { return }
        defer { try? handle.close() }
        for change in changes.reversed() {
            handle.put(change.before, at: change.offset)
            try? handle.truncate(atOffset: UInt64(change.sizeBefore))
        }
        for change in changes {
            guard let after = change.after else {
                if random.chance(50) { try? handle.truncate(atOffset: UInt64(change.offset)) }
                continue
            }
            switch Int.random(in: 0..<3, using: &random) {
            case 0: break
            case 1: handle.put(after, at: change.offset)
            default:
                for start in stride(from: 0, to: after.count, by: sector) where random.chance(50) {
                    handle.put(Array(after[start..<min(start + sector, after.count)]), at: change.offset + start)
                }
            }
        }
    }
}

extension FileHandle {
    fileprivate func put(_ bytes: [UInt8], at offset: Int) {
        guard !bytes.isEmpty, (try? seek(toOffset: UInt64(offset))) != nil else { return }
        try? write(contentsOf: Data(bytes))
    }
}

extension FaultyDisk.State {
    enum Verdict {
        case proceeds
        /// Sectors of the write that reach the file all the same.
        case fails(code: Int32, sectors: [Int])
    }

    func isAlive(_ file: Int) -> Bool { paths[file]?.life == life }

    mutating func write(_ file: Int, count: Int, grows: Bool) -> Verdict {
        writes += 1
        for (index, fault) in faults.enumerated() {
            switch fault {
            case .writeFails(writes, let torn):
                events.append("write \(writes) fails" + (torn ? ", torn" : ""))
                let all = Array(stride(from: 0, to: count, by: FaultyDisk.sector))
                return .fails(code: SQLiteCode.writeFailed, sectors: torn ? all.filter { _ in random.chance(50) } : [])
            case .full(let from, let left) where writes >= from && left > 0 && grows:
                events.append("no room for write \(writes)")
                faults[index] = .full(from, writes: left - 1)
                return .fails(code: SQLiteCode.full, sectors: [])
            default: break
            }
        }
        return .proceeds
    }

    /// Whether it is carried out.
    mutating func sync(_ file: Int) -> Bool {
        if mutant == .synchronousOff { return true }
        syncs += 1
        if faults.contains(.syncFails(syncs)) {
            events.append("sync \(syncs) fails")
            return false
        }
        if let path = paths[file]?.path { unsynced[path] = nil }
        return true
    }

    mutating func changed(_ file: Int, _ change: FaultyDisk.Change) {
        guard let path = paths[file]?.path else { return }
        unsynced[path, default: []].append(change)
    }
}
