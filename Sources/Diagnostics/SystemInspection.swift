import CLibTime
import Glibc
import NIOSSL
import PaymentHost
import Terminal

/// Where to look: what a configuration says, or nothing of it.
public struct SystemSubject: Sendable {
    public struct CertificateFile: Sendable, Hashable {
        public var whose: String
        public var file: String

        public init(whose: String, file: String) {
            self.whose = whose
            self.file = file
        }
    }

    public var dataDirectory: String?
    public var hosts: [HostLinkConfiguration.Address]
    public var security: HostLinkConfiguration.Security
    public var certificates: [CertificateFile]
    /// Certificates seen by those who use them: whose, and their end in seconds since 1970.
    public var seen: [(whose: String, end: Int)] = []

    public init(
        dataDirectory: String? = nil, hosts: [HostLinkConfiguration.Address] = [], security: HostLinkConfiguration.Security = .plain,
        certificates: [CertificateFile] = []
    ) {
        self.dataDirectory = dataDirectory
        self.hosts = hosts
        self.security = security
        self.certificates = certificates
    }
}

/// Looks at the machine.
public struct SystemInspection: Sendable {
    private let subject: SystemSubject
    /// Folder that stands for `/`, so that tests can show it any machine.
    private let root: String

    public init(_ subject: SystemSubject, root: String = "") {
        self.subject = subject
        self.root = root
    }

    public func facts() async -> SystemFacts {
        let now = Int(time(nil))
        let rules = Self.ruleFolders.map { root + $0 + "/60-countertop.rules" }.first { access($0, R_OK) == 0 }
        var facts = SystemFacts(
            rules: rules, rulesAreCurrent: rules.flatMap(FileText.text) == UdevRules.text, hasGroup: hasGroup, service: service,
            isClockSynchronised: isClockSynchronised, now: now)
        facts.certificates = subject.certificates.map { .init(whose: $0.whose, secondsLeft: Self.end(of: $0.file).map { $0 - now }) }
        facts.certificates += subject.seen.map { .init(whose: $0.whose, secondsLeft: $0.end - now) }
        for address in subject.hosts {
            let probe = await HostProbe.connect(to: address, security: subject.security)
            facts.hosts.append((address.description, probe.outcome))
            if let end = probe.certificateEnd { facts.certificates.append(.init(whose: "host \(address)", secondsLeft: end - now)) }
        }
        if let folder = subject.dataDirectory {
            facts.disk = Self.disk(folder)
            facts.journal = Self.journal(folder + "/journal.sqlite")
        }
        return facts
    }

    public func report() async -> [Finding] { await facts().findings }

    /// In the order in which udev prefers them.
    private static let ruleFolders = [
        "/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d",
    ]

    private var hasGroup: Bool {
        FileText.text(root + "/etc/group")?.split(separator: "\n").contains { $0.hasPrefix("countertop:") } ?? false
    }

    private var service: SystemFacts.Service {
        guard access(root + "/run/systemd/system", F_OK) == 0 else { return .unmanaged }
        // systemd keeps this link while the unit runs.
        var status = stat()
        if lstat(root + "/run/systemd/units/invocation:countertop.service", &status) == 0 { return .running }
        let folders = ["/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"]
        return folders.contains { access(root + $0 + "/countertop.service", F_OK) == 0 } ? .installed : .notInstalled
    }

    /// The kernel's own word (adjtimex(2)); STA_UNSYNC is what time services clear.
    private var isClockSynchronised: Bool? {
        var state = timex()
        guard adjtimex(&state) >= 0 else { return nil }
        return state.status & Int32(STA_UNSYNC) == 0
    }

    private static func end(of file: String) -> Int? {
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(file) else { return nil }
        // Of a chain the one that ends first decides.
        return certificates.map { Int($0.notValidAfter) }.min()
    }

    private static func disk(_ folder: String) -> SystemFacts.Disk {
        var statistics = statvfs()
        guard statvfs(folder, &statistics) == 0 else { return .init(path: folder, freeBytes: 0, isWritable: false) }
        let free = UInt64(statistics.f_bavail).multipliedReportingOverflow(by: UInt64(statistics.f_frsize))
        return .init(
            path: folder, freeBytes: free.overflow ? .max : Int(clamping: free.partialValue), isWritable: access(folder, W_OK) == 0)
    }

    private static func journal(_ path: String) -> SystemFacts.Journal {
        do throws(JournalError) {
            return try SQLiteJournalStore.inspect(path: path).map { .read($0) } ?? .none
        } catch {
            return .failed(error.message)
        }
    }
}
