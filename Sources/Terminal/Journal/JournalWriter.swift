import Dispatch

/// Commits on a thread of its own, in the order they were asked for, so that nothing else waits for the disk.
final class JournalWriter: Sendable {
    let store: any JournalStore
    private let queue = DispatchQueue(label: "countertop.journal")

    init(_ store: any JournalStore) { self.store = store }

    /// `done` is called on the writer's thread, after the sync.
    func commit(_ entries: [JournalEntry], done: @escaping @Sendable (JournalError?) -> Void) {
        queue.async { [store] in
            do throws(JournalError) {
                try store.commit(entries)
                done(nil)
            } catch {
                done(error)
            }
        }
    }

    /// Housekeeping behind everything asked for so far.
    func tidy() { queue.async { [store] in store.tidy() } }

    func prune(acceptedBefore time: WallTime, openBatch: Int) {
        queue.async { [store] in store.prune(acceptedBefore: time, openBatch: openBatch) }
    }

    /// Ends when everything asked for so far is done, and closes the store.
    func close() async {
        await withCheckedContinuation { continuation in
            queue.async { [store] in
                store.close()
                continuation.resume()
            }
        }
    }
}
