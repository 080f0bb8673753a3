import Glibc

/// The terminal as a child process that can be killed alone. Runs this very program with `terminal --config FILE --bus SOCKET`.
final class TerminalProcess: Sendable {
    let pid: pid_t
    private let ended: Task<Int32, Never>

    private init(pid: pid_t) {
        self.pid = pid
        // waitpid blocks, so it has a thread of its own for as long as the child lives.
        ended = Task.detached {
            await withCheckedContinuation { continuation in
                let waiter = Waiter(pid: pid, continuation: continuation)
                waiter.start()
            }
        }
    }

    /// - Parameter log: the child's standard output and error are appended to this file.
    static func start(arguments: [String], log: String) throws(LabError) -> TerminalProcess {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        keepDescriptorsFromChildren()

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Its own process group: Ctrl-C reaches the lab alone, which ends the child in order.
        posix_spawnattr_setpgroup(&attributes, 0)
        // The thread that runs this may have signals blocked; the child must hear them.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))

        var argv: [UnsafeMutablePointer<CChar>?] = (["countertop-lab"] + arguments).map { strdup($0) } + [nil]
        defer { argv.forEach { free($0) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, &argv, environ)
        guard status == 0 else { throw LabError(.spawnFailed, "The terminal process could not be started (error \(status)).") }
        return TerminalProcess(pid: pid)
    }

    /// Nothing of ours is for the child; the lab's sockets least of all, or a port would stay open for as long as the child lives.
    private static func keepDescriptorsFromChildren() {
        guard let folder = opendir("/proc/self/fd") else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let descriptor = Int32(name), descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
    }

    /// The exit status as `waitpid` gives it, when the child has ended.
    var exitStatus: Int32 { get async { await ended.value } }

    /// Kills it at once and waits for the end.
    func kill() async {
        Glibc.kill(pid, SIGKILL)
        _ = await exitStatus
    }

    /// Asks it to end in order, kills it when it has not after `patience`, and waits for the end.
    func terminate(patience: Duration = .seconds(40)) async {
        Glibc.kill(pid, SIGTERM)
        let pid = pid
        let impatience = Task {
            try await Task.sleep(for: patience)
            Glibc.kill(pid, SIGKILL)
        }
        _ = await exitStatus
        impatience.cancel()
    }
}

/// Reaps one child on a thread of its own.
private final class Waiter: Sendable {
    private let pid: pid_t
    private let continuation: CheckedContinuation<Int32, Never>

    init(pid: pid_t, continuation: CheckedContinuation<Int32, Never>) {
        self.pid = pid
        self.continuation = continuation
    }

    func start() {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let created = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Waiter>.fromOpaque(context).takeRetainedValue().wait()
                return nil
            }, context)
        guard created == 0 else {
            Unmanaged<Waiter>.fromOpaque(context).release()
            continuation.resume(returning: -1)
            return
        }
        pthread_detach(thread)
    }

    private func wait() {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        continuation.resume(returning: status)
    }
}
