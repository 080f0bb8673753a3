import Testing

@testable import Terminal

@Suite("Reconciling a batch")
struct BatchReconcilerTests {
    /// 501 to the first 1520 and to the second.
    private static func flagged() -> BatchReconciler {
        var reconciler = BatchReconciler()
        _ = reconciler.on(.begin(batch: 7, uploads: 0, sentBefore: false))
        disagree(&reconciler)
        _ = reconciler.on(.prepared(uploads: 0))
        let actions = disagree(&reconciler)
        #expect(actions == [.flag(actionCode: "501"), .pause(.seconds(3600))])
        return reconciler
    }

    @discardableResult private static func disagree(_ reconciler: inout BatchReconciler) -> [BatchReconciler.Action] {
        #expect(reconciler.on(.answered(actionCode: "501")) == [.commitAnswer("501")])
        return reconciler.on(.committed)
    }

    @Test("A flagged batch is tried again at once when nothing else is left to tell the host, and only once")
    func followUpsDone() {
        var reconciler = Self.flagged()
        #expect(reconciler.on(.followUpsDone) == [.prepareRetry])
        #expect(reconciler.on(.prepared(uploads: 1)) == [.upload(0, isRepeat: false)])
        #expect(reconciler.on(.answered(actionCode: "900")) == [.reconcile(isRepeat: false)])
        #expect(Self.disagree(&reconciler) == [.flag(actionCode: "501"), .pause(.seconds(3600))])
        // Each time anew.
        #expect(reconciler.on(.followUpsDone) == [.prepareRetry])
    }

    @Test("When that happens while the second 1520 is under way, one more try follows its refusal, and only one")
    func followUpsDoneMeanwhile() {
        var reconciler = BatchReconciler()
        _ = reconciler.on(.begin(batch: 7, uploads: 0, sentBefore: false))
        Self.disagree(&reconciler)
        #expect(reconciler.on(.followUpsDone) == [])
        _ = reconciler.on(.prepared(uploads: 0))
        #expect(Self.disagree(&reconciler) == [.prepareRetry])
        _ = reconciler.on(.prepared(uploads: 0))
        #expect(Self.disagree(&reconciler) == [.flag(actionCode: "501"), .pause(.seconds(3600))])
    }

    @Test("What was told before the journal was read for the second 1520 is counted in it: no further try for that")
    func toldBefore() {
        var reconciler = BatchReconciler()
        _ = reconciler.on(.begin(batch: 7, uploads: 0, sentBefore: false))
        #expect(reconciler.on(.followUpsDone) == [])
        #expect(Self.disagree(&reconciler) == [.prepareRetry])
        _ = reconciler.on(.prepared(uploads: 0))
        #expect(Self.disagree(&reconciler) == [.flag(actionCode: "501"), .pause(.seconds(3600))])
    }

    @Test("A pause for want of an answer is not cut short, and without a batch nothing happens")
    func otherwise() {
        var reconciler = BatchReconciler()
        #expect(reconciler.on(.followUpsDone) == [])
        _ = reconciler.on(.begin(batch: 7, uploads: 0, sentBefore: false))
        #expect(reconciler.on(.unanswered) == [.pause(.seconds(5))])
        #expect(reconciler.on(.followUpsDone) == [])
        #expect(reconciler.on(.pauseOver) == [.reconcile(isRepeat: true)])
    }
}
