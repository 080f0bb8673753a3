import Synchronization

/// Commits on a thread of its own, in the order they were asked for, so that nothing else waits for the disk. After one that failed there are no more: the
/// process is about to end, and nothing may count on what was not written.
final class JournalWriter: Sendable {
    let store: any JournalStore
    private let failure = Mutex<JournalError?>(nil)
    private let thread: TerminalEngine.Environment.JournalThread

    init(_ store: any JournalStore, on thread: @escaping TerminalEngine.Environment.JournalThread) {
        self.store = store
        self.thread = thread
    }

    /// `done` is called on the writer's thread, after the sync; without entries, when everything asked for before is on disk.
    func commit(_ entries: [JournalEntry], done: @escaping @Sendable (JournalError?) -> Void) {
        thread { [self] in
            if let failure = failure.withLock(\.self) { return done(failure) }
            do throws(JournalError) {
                if !entries.isEmpty { try store.commit(entries) }
                done(nil)
            } catch {
                failure.withLock { $0 = error }
                done(error)
            }
        }
    }

    /// Housekeeping behind everything asked for so far.
    func tidy() {
        guard store.isUntidy else { return }
        thread { [store] in store.tidy() }
    }

    func prune(acceptedBefore time: WallTime, keeping batches: [Int]) {
        thread { [store] in store.prune(acceptedBefore: time, keeping: batches) }
    }

    /// Ends when everything asked for so far is done, and closes the store.
    func close() async {
        await withCheckedContinuation { continuation in
            thread { [store] in
                store.close()
                continuation.resume()
            }
        }
    }
}
