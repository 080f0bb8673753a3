import Terminal

/// What was found out about the machine and the terminal's surroundings, as values; `findings` judges them.
public struct SystemFacts: Sendable {
    public enum Service: Sendable, Hashable {
        case running
        case installed
        case notInstalled
        /// No systemd on this machine.
        case unmanaged
    }

    public struct Certificate: Sendable, Hashable {
        /// Whose it is: `POS server`, `host`.
        public var whose: String
        /// Negative when it has ended; `nil` when the file could not be read.
        public var secondsLeft: Int?

        public init(whose: String, secondsLeft: Int?) {
            self.whose = whose
            self.secondsLeft = secondsLeft
        }
    }

    public enum Host: Sendable, Hashable {
        /// With the time that connecting took, TLS included.
        case reached(milliseconds: Int)
        case failed(String)
    }

    public struct Disk: Sendable, Hashable {
        public var path: String
        public var freeBytes: Int
        public var isWritable: Bool

        public init(path: String, freeBytes: Int, isWritable: Bool) {
            self.path = path
            self.freeBytes = freeBytes
            self.isWritable = isWritable
        }
    }

    public enum Journal: Sendable, Hashable {
        case none
        case read(JournalInspection)
        case failed(String)
    }

    /// Where the project's rules were found; `nil` for nowhere.
    public var rules: String?
    /// Whether they say the same as those of this version.
    public var rulesAreCurrent: Bool
    public var hasGroup: Bool
    public var service: Service
    /// By address; empty without a configuration.
    public var hosts: [(address: String, outcome: Host)]
    public var certificates: [Certificate]
    /// Whether the kernel says that a time service keeps the clock; `nil` where it does not tell.
    public var isClockSynchronised: Bool?
    /// Seconds since 1970.
    public var now: Int
    public var disk: Disk?
    public var journal: Journal?

    public init(
        rules: String?, rulesAreCurrent: Bool, hasGroup: Bool, service: Service, hosts: [(address: String, outcome: Host)] = [],
        certificates: [Certificate] = [], isClockSynchronised: Bool?, now: Int, disk: Disk? = nil, journal: Journal? = nil
    ) {
        self.rules = rules
        self.rulesAreCurrent = rulesAreCurrent
        self.hasGroup = hasGroup
        self.service = service
        self.hosts = hosts
        self.certificates = certificates
        self.isClockSynchronised = isClockSynchronised
        self.now = now
        self.disk = disk
        self.journal = journal
    }
}

extension SystemFacts {
    /// Certificates that end within 30 days need somebody to act.
    static let soon = 30
    /// Below this the journal cannot be trusted to grow through a busy day.
    static let littleSpace = 200 << 20
    static let noSpace = SQLiteJournalStore.leastRoom
    /// 2025-01-01: a clock before it was never set.
    static let earliest = 1_735_689_600

    var findings: [Finding] {
        [udevRules, group, serviceState] + hosts.map(host) + certificates.map(certificate)
            + [clock, space, journalHealth, pendingReversals].compactMap { $0 }
    }

    private var udevRules: Finding {
        guard let rules else {
            return .fault(
                "rules", "the udev rules are not installed",
                do:
                    "Copy udev/60-countertop.rules to /etc/udev/rules.d, then udevadm control --reload and udevadm trigger --subsystem-match=usb."
            )
        }
        guard rulesAreCurrent else {
            return .warning(
                "rules", "\(rules) differs from the rules of this version",
                do: "Copy udev/60-countertop.rules over it, then udevadm control --reload.")
        }
        return .fine("rules", "udev rules installed: \(rules)")
    }

    private var group: Finding {
        hasGroup
            ? .fine("group", "the group countertop exists")
            : .fault(
                "group", "there is no group countertop", do: "Make it: groupadd --system countertop; the service's user must be in it.")
    }

    private var serviceState: Finding {
        switch service {
        case .running: .fine("service", "the service runs")
        case .installed:
            .warning(
                "service", "the service is installed and does not run",
                do: "systemctl enable --now countertop; why it stopped: journalctl -u countertop.")
        case .notInstalled:
            .warning(
                "service", "the service is not installed", do: "Install systemd/countertop.service, then systemctl enable --now countertop."
            )
        case .unmanaged: .fine("service", "this machine has no systemd; whoever starts the terminal watches over it")
        }
    }

    private func host(_ address: String, _ outcome: Host) -> Finding {
        switch outcome {
        case .reached(let milliseconds): .fine("host", "the host \(address) is reached in \(milliseconds) ms")
        case .failed(let reason):
            .fault(
                "host", "the host \(address) is not reached: \(reason)",
                do: "Check cable, firewall, host.primary and host.ca; ask the acquirer if those are right.")
        }
    }

    private func certificate(_ certificate: Certificate) -> Finding {
        let whose = certificate.whose
        guard let seconds = certificate.secondsLeft else {
            return .fault(
                "certificate", "the certificate of the \(whose) cannot be read",
                do: "Check the path in the configuration and who may read it.")
        }
        let days = seconds / 86_400
        if seconds < 0 {
            return .fault(
                "certificate", "the certificate of the \(whose) ended \(-days) day(s) ago", do: "Replace it now: connections are refused.")
        }
        if days < Self.soon {
            return .warning("certificate", "the certificate of the \(whose) ends in \(days) day(s)", do: "Replace it before then.")
        }
        return .fine("certificate", "the certificate of the \(whose) has \(days) days left")
    }

    private var clock: Finding {
        if now < Self.earliest {
            return .fault("clock", "the clock was never set", do: "Set it and start a time service: timedatectl set-ntp true.")
        }
        switch isClockSynchronised {
        case true?: return .fine("clock", "the clock is kept by a time service")
        case false?:
            return .warning(
                "clock", "no time service keeps the clock", do: "Start one: timedatectl set-ntp true. Hosts refuse wrong times.")
        case nil: return .fine("clock", "the clock is set")
        }
    }

    private var space: Finding? {
        guard let disk else { return nil }
        let megabytes = disk.freeBytes >> 20
        if !disk.isWritable {
            return .fault(
                "disk", "\(disk.path) cannot be written",
                do: "Make it writable for the service's user; a disk that became read-only is failing.")
        }
        if disk.freeBytes < Self.noSpace {
            return .fault(
                "disk", "\(megabytes) MiB free at \(disk.path)",
                do:
                    "Free space now: without it nothing but VOID and SETTLEMENT is taken, and below \(SQLiteJournalStore.reserve >> 20) MiB nothing."
            )
        }
        if disk.freeBytes < Self.littleSpace { return .warning("disk", "\(megabytes) MiB free at \(disk.path)", do: "Free space.") }
        return .fine("disk", "\(megabytes) MiB free at \(disk.path)")
    }

    private var journalHealth: Finding? {
        switch journal {
        case nil: nil
        case .some(.none): .fine("journal", "no journal yet: the terminal has not run")
        case .failed(let reason):
            .fault(
                "journal", "the journal cannot be read: \(reason)",
                do: "Run as the service's user or as root; if that does not help, check the disk.")
        case .read(let inspection) where inspection.damage.isEmpty: .fine("journal", "the journal is sound")
        case .read(let inspection):
            .fault(
                "journal", "the journal is damaged: \(inspection.damage.joined(separator: "; "))",
                do: "Stop the terminal, copy the data folder away, replace the disk, and settle open transactions with the acquirer.")
        }
    }

    private var pendingReversals: Finding? {
        guard case .read(let inspection) = journal, inspection.damage.isEmpty else { return nil }
        guard inspection.unfinished > 0 else { return .fine("reversals", "no transaction is unfinished") }
        return .warning(
            "reversals", "\(inspection.unfinished) transaction(s) unfinished or with a reversal due",
            do: "They are settled by themselves once the host is reached; if the host is reached and they stay, ask the acquirer.")
    }
}
