import Devices
import Diagnostics
import JSON
import PaymentHost
import Terminal

/// The answer to `Diagnose` of a terminal at work (pos-protocol, section 6): what `countertop diagnose --json` says, without disturbing a device or
/// knocking at the host, and what only the running terminal knows.
struct Diagnosis: Sendable {
    let registry: DeviceRegistry
    let link: HostLink
    let engine: TerminalEngine
    let subject: SystemSubject

    init(registry: DeviceRegistry, link: HostLink, engine: TerminalEngine, configuration: Configuration) {
        self.registry = registry
        self.link = link
        self.engine = engine
        var subject = configuration.diagnosticSubject
        // The link is at work: a second connection would tell less.
        subject.hosts = []
        self.subject = subject
    }

    func answer() async -> OperationAnswer {
        let (state, statistics) = (link.state, link.statistics)
        let outstanding = await engine.outstanding
        var system = registry.findings.map { Finding.fault("usb", $0, do: "Check that the kernel has USB: ls /sys/bus/usb.") }
        system.append(Self.finding(state, statistics))
        if let finding = Self.keyFinding(statistics) { system.append(finding) }
        var subject = subject
        // The one that the link saw: the authority's may last for longer.
        if let end = statistics.certificateEnd {
            subject.seen = [(statistics.address.map { "host \($0)" } ?? "host", end)]
        }
        system += await SystemInspection(subject).report().filter { $0.check != "reversals" }
        system.append(Self.finding(outstanding))
        let report = DiagnosticReport(devices: registry.devices.map { DiagnosticReport.Device($0) }, system: system)
        guard var object = report.json.object else { return OperationAnswer(.applicationError, .internal, "The report cannot be written.") }
        object.append("host", .object(Self.json(state, statistics)))
        object.append("reversals", .array(outstanding.filter(\.isReversal).map(Self.json)))
        object.append("advices", .array(outstanding.filter { !$0.isReversal }.map(Self.json)))
        return OperationAnswer(.diagnosis(object))
    }

    static func finding(_ state: HostLinkState, _ statistics: HostLinkStatistics) -> Finding {
        let address = statistics.address.map { " \($0)" } ?? ""
        let why = statistics.lastFailure.map { ": \($0)" } ?? ""
        let remedy = "Check cable, firewall, host.primary and host.ca; ask the acquirer if those are right."
        return switch state {
        case .connected: .fine("host", "the host\(address) is connected")
        case .connecting: .warning("host", "the host\(address) is being connected\(why)", do: remedy)
        case .down: .fault("host", "the host\(address) is not reached\(why)", do: remedy)
        }
    }

    /// `nil` where the MAC key is not changed.
    static func keyFinding(_ statistics: HostLinkStatistics) -> Finding? {
        guard let value = statistics.keyCheckValue else { return nil }
        guard let why = statistics.lastKeyChangeFailure else {
            return .fine("hostKey", "the MAC key in force has the check value \(value)")
        }
        return .warning(
            "hostKey", "the MAC key was not changed: \(why); the one in force has the check value \(value)",
            do: "The terminal asks again every hour. If it stays so, ask the acquirer about key changes and host.keyEncryptionKey.")
    }

    static func finding(_ outstanding: [OutstandingFollowUp]) -> Finding {
        if outstanding.contains(where: \.isFlagged) {
            return .fault(
                "reversals", "the host refused \(outstanding.count(where: \.isFlagged)) message(s)",
                do: "Ask the acquirer; countertop journal resolve ends one with a reason.")
        }
        guard !outstanding.isEmpty else { return .fine("reversals", "no transaction is unfinished") }
        return .warning(
            "reversals", "\(outstanding.count) message(s) wait for the host",
            do: "They go by themselves once the host is reached; if it is reached and they stay, ask the acquirer.")
    }

    private static func json(_ state: HostLinkState, _ statistics: HostLinkStatistics) -> JSONObject {
        var object = JSONObject()
        object.append("state", .string(state.rawValue))
        object.append("address", statistics.address?.description)
        object.append(
            "lastEchoMilliseconds",
            statistics.lastEcho.map { String($0.components.seconds * 1000 + $0.components.attoseconds / 1_000_000_000_000_000) })
        object.append("lastFailure", statistics.lastFailure)
        object.append("macKeyCheckValue", statistics.keyCheckValue)
        object.append("lastKeyChangeFailure", statistics.lastKeyChangeFailure)
        for (name, count) in [
            ("connections", statistics.connections), ("losses", statistics.losses), ("failedAttempts", statistics.failedAttempts),
            ("answered", statistics.answered), ("unanswered", statistics.unanswered), ("badAnswers", statistics.badAnswers),
            ("notConnected", statistics.notConnected), ("notSent", statistics.notSent), ("late", statistics.late),
            ("duplicates", statistics.duplicates),
            ("unmatched", statistics.unmatched), ("keyChanges", statistics.keyChanges), ("failedKeyChanges", statistics.failedKeyChanges),
        ] { object.append(name, .string(String(count))) }
        return object
    }

    private static func json(_ outstanding: OutstandingFollowUp) -> JSONValue {
        [
            "transactionID": .string(outstanding.transaction.description), "stan": .string(String(outstanding.stan)),
            "attempts": .string(String(outstanding.attempts)), "flagged": .string(outstanding.isFlagged ? "1" : "0"),
        ]
    }
}
