import Glibc
import Logging
import Synchronization
import USB

/// Plugs the virtual devices of a bus into this machine's own kernel through its virtual host controller (module `vhci_hcd`), each over a
/// socket pair: no network and no `usbip` tool. Whatever is plugged into the bus is plugged into the kernel, and unplugged with it. Needs
/// root.
public final class VirtualHostController: Sendable {
    private struct Attachment {
        /// The controller's port.
        let number: Int
        let session: USBIPSession
    }

    private let bus: MemoryBus
    private let directory: String
    private let logger: Logger
    private let following: Mutex<Task<Void, Never>?> = Mutex(nil)
    private let plugged = Mutex<[Int: USBBusPath]>([:])

    /// Where the kernel has the first controller.
    public static let standardDirectory = "/sys/devices/platform/vhci_hcd.0"

    /// Begins with what is plugged in now. Throws `.unavailable` where the kernel has no such controller.
    public init(
        exporting bus: MemoryBus, directory: String = standardDirectory, logger: Logger = Logger(label: "lab.vhci")
    ) throws(USBError) {
        self.bus = bus
        self.directory = directory
        self.logger = logger
        _ = try Self.ports(directory)
        let task = Task { [self] in
            guard let events = try? await bus.events() else { return }
            await follow(events)
        }
        following.withLock { $0 = task }
    }

    /// The place on the bus of what is plugged into each of the controller's ports, by number from 0.
    public var places: [Int: USBBusPath] { plugged.withLock { $0 } }

    /// Unplugs everything.
    public func close() async {
        let task = following.withLock { $0 }
        task?.cancel()
        await task?.value
    }

    // MARK: -

    private func follow(_ events: AsyncStream<USBBusEvent>) async {
        var attachments: [USBBusPath: Attachment] = [:]
        for await event in events {
            switch event {
            case .attached(let info):
                do throws(USBError) {
                    if let attachment = try await attach(info) { attachments[info.path] = attachment }
                } catch {
                    logger.error("not plugged into the kernel", metadata: ["path": "\(info.path)", "error": "\(error)"])
                }
            case .detached(let path):
                if let attachment = attachments.removeValue(forKey: path) { await detach(attachment) }
            }
        }
        // Not cancelled work: the plugs must be pulled.
        let left = Array(attachments.values)
        await Task { for attachment in left { await self.detach(attachment) } }.value
    }

    /// `nil` when the device has gone meanwhile.
    private func attach(_ info: USBDeviceInfo) async throws(USBError) -> Attachment? {
        guard let port = try? bus.port(info.path) else { return nil }
        let free = try Self.ports(directory).filter { $0.isFree && !$0.isSuperSpeed }.map(\.number)
        guard let number = free.min() else { throw USBError(.busy, "All ports of the virtual host controller are taken.") }
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw BusSocket.failed("socketpair")
        }
        // The kernel takes a reference of its own.
        defer { Glibc.close(ends[1]) }
        let session = USBIPSession(port, try BusConnection(ends[0]))
        try session.start("lab-vhci") { [logger] reason in
            if let reason { logger.error("the kernel sent something malformed", metadata: ["reason": "\(reason)"]) }
        }
        let speed = USBIPSpeed(info.descriptor)
        plugged.withLock { $0[number] = info.path }
        do throws(USBError) {
            // port, socket, device identifier (any), speed (Linux, drivers/usb/usbip/vhci_sysfs.c).
            try Self.write("\(number) \(ends[1]) \(0x10001 + number) \(speed.rawValue)", directory + "/attach")
        } catch {
            plugged.withLock { $0[number] = nil }
            session.close()
            throw error
        }
        port.whenRemoved { session.close() }
        return Attachment(number: number, session: session)
    }

    private func detach(_ attachment: Attachment) async {
        attachment.session.close()
        await attachment.session.closed()
        plugged.withLock { $0[attachment.number] = nil }
        // The kernel notices the closed socket by itself; where it was faster, there is nothing to detach.
        try? Self.write("\(attachment.number)", directory + "/detach")
        // It takes the port back a little later, on a thread of its own, and tells nobody.
        for _ in 0..<500 {
            if let ports = try? Self.ports(directory), ports.contains(where: { $0.number == attachment.number && $0.isFree }) { return }
            try? await Task.sleep(for: .milliseconds(10))
        }
        logger.error("the kernel does not give the port back", metadata: ["port": "\(attachment.number)"])
    }

    private struct Port {
        let number: Int
        let isSuperSpeed: Bool
        let isFree: Bool
    }

    /// The lines of `status`: hub, port, state (4 is free), and more.
    private static func ports(_ directory: String) throws(USBError) -> [Port] {
        guard let text = read(directory + "/status") else {
            throw USBError(
                .unavailable, "The kernel has no virtual host controller at \(directory).", remedy: "As root: modprobe vhci-hcd.")
        }
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 2, let number = Int(fields[1]), let state = Int(fields[2]) else { return nil }
            return Port(number: number, isSuperSpeed: fields[0] == "ss", isFree: state == 4)
        }
    }

    private static func read(_ file: String) -> String? {
        let descriptor = Glibc.open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return count >= 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    private static func write(_ text: String, _ file: String) throws(USBError) {
        let descriptor = Glibc.open(file, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BusSocket.failed("opening \(file)") }
        defer { Glibc.close(descriptor) }
        guard Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else { throw BusSocket.failed("writing \(file)") }
    }
}
