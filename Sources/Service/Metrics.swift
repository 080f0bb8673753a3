import PaymentHost
import Terminal

/// Numbers for a monitor (`GET /metrics`), in Prometheus' text format, version 0.0.4. Counters begin at 0 with each start.
enum Metrics {
    static func text(_ state: HostLinkState, _ statistics: HostLinkStatistics, _ information: TerminalInformation) -> String {
        var page = Page()
        page.add("countertop_host_connected", "gauge", "Whether the payment host is connected.", [("", state == .connected ? 1 : 0)])
        page.add("countertop_host_connections_total", "counter", "Connections signed on.", [("", statistics.connections)])
        page.add("countertop_host_losses_total", "counter", "Connections that broke.", [("", statistics.losses)])
        page.add(
            "countertop_host_failed_attempts_total", "counter", "Attempts to connect that came to nothing.",
            [("", statistics.failedAttempts)])
        page.add(
            "countertop_host_exchanges_total", "counter", "Exchanges by how they ended.",
            [
                (#"{outcome="answered"}"#, statistics.answered), (#"{outcome="unanswered"}"#, statistics.unanswered),
                (#"{outcome="badAnswer"}"#, statistics.badAnswers), (#"{outcome="notConnected"}"#, statistics.notConnected),
                (#"{outcome="notSent"}"#, statistics.notSent),
            ])
        page.add(
            "countertop_host_ignored_answers_total", "counter", "Answers without effect: too late, a second time, or to nothing asked.",
            [
                (#"{reason="late"}"#, statistics.late), (#"{reason="duplicate"}"#, statistics.duplicates),
                (#"{reason="unmatched"}"#, statistics.unmatched),
            ])
        page.add(
            "countertop_host_key_changes_total", "counter", "Changes of the MAC key.",
            [(#"{result="done"}"#, statistics.keyChanges), (#"{result="failed"}"#, statistics.failedKeyChanges)])
        page.add("countertop_pending_reversals", "gauge", "Reversals not yet acknowledged.", [("", information.pendingReversals)])
        page.add(
            "countertop_queued_advices", "gauge", "Offline approvals and completions not yet accepted.", [("", information.offlineCount)])
        page.add("countertop_journal_readable", "gauge", "Whether the journal can be read.", [("", information.isJournalReadable ? 1 : 0)])
        return page.text
    }

    private struct Page {
        var text = ""

        mutating func add(_ name: String, _ type: String, _ help: String, _ values: [(labels: String, value: Int)]) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
            for (labels, value) in values { text += "\(name)\(labels) \(value)\n" }
        }
    }
}
