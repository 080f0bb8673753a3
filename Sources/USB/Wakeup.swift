import Glibc

/// Ends a thread's `poll`: a pipe whose reading end is polled along with the rest.
package final class Wakeup: Sendable {
    private let writing: Int32
    /// To be polled for reading.
    package let descriptor: Int32

    package init() throws(USBError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw USBError(.unavailable, "No pipe: \(String(cString: strerror(errno))).") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        descriptor = ends[0]
        writing = ends[1]
    }

    package func ring() {
        var byte: UInt8 = 1
        // A full pipe is rung enough.
        _ = write(writing, &byte, 1)
    }

    package func silence() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(descriptor, &bytes, bytes.count) > 0 {}
    }

    deinit {
        Glibc.close(descriptor)
        Glibc.close(writing)
    }
}
