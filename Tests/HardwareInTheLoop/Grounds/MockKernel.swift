import CUMockdev
import Glibc
import Lab
import Synchronization
import USB

/// Plugs the devices of a memory bus into a umockdev testbed: sysfs, udev's messages and the device nodes are there, and what libusb asks of
/// usbfs is answered by the devices' ports.
final class MockKernel: Exporter {
    private let bus: MemoryBus
    private let following: Mutex<Task<Void, Never>?> = Mutex(nil)
    /// Device node in the testbed for the node that the memory bus gave a plug.
    private let files = Mutex<[String: String]>([:])

    init(exporting bus: MemoryBus) throws(USBError) {
        guard let preload = getenv("LD_PRELOAD"), String(cString: preload).contains("umockdev") else {
            throw USBError(
                .unavailable, "This process does not run under umockdev.", remedy: "Tests/HardwareInTheLoop/umockdev.sh starts it.")
        }
        self.bus = bus
        _ = Testbed.shared
        let task = Task { [self] in
            guard let events = try? await bus.events() else { return }
            var nodes: [USBBusPath: MockNode] = [:]
            for await event in events {
                switch event {
                case .attached(let info):
                    // Gone already: the next event says so.
                    guard let port = try? bus.port(info.path) else { continue }
                    nodes[info.path] = Testbed.shared.plug(info, port) { file in
                        if let plug = info.node { files.withLock { $0[plug] = file } }
                    }
                case .detached(let path):
                    if let node = nodes.removeValue(forKey: path) { Testbed.shared.unplug(node) }
                }
            }
            for node in nodes.values { Testbed.shared.unplug(node) }
        }
        following.withLock { $0 = task }
    }

    func place(of path: USBBusPath) -> USBBusPath? { path }

    func isPresent(_ info: USBDeviceInfo) -> Bool {
        guard let plug = bus.devices.first(where: { $0.path == info.path })?.node else { return true }
        return files.withLock { $0[plug] } == info.node
    }

    func close() async {
        let task = following.withLock { $0 }
        task?.cancel()
        await task?.value
    }
}

/// The process' testbed, with one root hub. umockdev allows one a process.
///
/// `@unchecked`: libumockdev's testbed is used under `lock` only; its own thread calls the nodes' handlers.
final class Testbed: @unchecked Sendable {
    static let shared = Testbed()

    private let testbed: UnsafeMutablePointer<UMockdevTestbed>
    private let root: String
    private let lock = Mutex(Slots())

    private struct Slots {
        /// Address of the device that was plugged in last.
        var last = 0
        var nodes: [String: MockNode] = [:]
    }

    private init() {
        guard let testbed = umockdev_testbed_new(), let root = umockdev_testbed_get_root_dir(testbed) else { fatalError("no testbed") }
        // The terminal behind a device node hangs up when the device is unplugged.
        signal(SIGHUP, SIG_IGN)
        self.testbed = testbed
        self.root = String(cString: root)
        g_free(root)
        for folder in ["/dev", "/dev/bus", "/dev/bus/usb", "/dev/bus/usb/001"] { mkdir(self.root + folder, 0o755) }
        add(
            """
            P: /devices/pci0000:00/usb1
            N: bus/usb/001/001
            E: SUBSYSTEM=usb
            E: DEVTYPE=usb_device
            E: DEVNAME=/dev/bus/usb/001/001
            E: BUSNUM=001
            E: DEVNUM=001
            A: busnum=1\\n
            A: devnum=1\\n
            A: idVendor=1d6b\\n
            A: idProduct=0002\\n
            A: speed=480\\n
            A: bConfigurationValue=1\\n

            """)
    }

    private func add(_ text: String) {
        var error: UnsafeMutablePointer<GError>?
        guard umockdev_testbed_add_from_string(testbed, text, &error) != 0 else {
            fatalError("umockdev: " + (error.map { String(cString: $0.pointee.message) } ?? "unknown error"))
        }
    }

    /// - Parameter named: told the device node before anybody can see it.
    func plug(_ info: USBDeviceInfo, _ port: VirtualPort, named: (String) -> Void) -> MockNode {
        lock.withLock { slots in
            // A test that failed left it: umockdev ends the process over a second device at a place.
            if let left = slots.nodes.removeValue(forKey: info.path.description) { remove(left) }
            // Device addresses go round as the kernel's do (USB 2.0, 9.1.2: 1 to 127); 1 is the hub's.
            slots.last = slots.last % 126 + 1
            let number = slots.last + 1
            let digits = String(number)
            let three = String(repeating: "0", count: 3 - digits.count) + digits
            let node = MockNode(
                port, place: info.path.description, path: "/devices/pci0000:00/usb1/\(info.path)", file: "/dev/bus/usb/001/\(three)",
                root: root)
            named(node.file)
            var error: UnsafeMutablePointer<GError>?
            guard umockdev_testbed_attach_ioctl(testbed, node.file, node.handler, &error) != 0 else { fatalError("umockdev: no handler") }
            // All at once: libusb drops a device whose descriptors come after the message.
            add(Self.describe(info, node, number: number, three: three))
            for setting in info.descriptor.configurations.first?.interfaces ?? [] where setting.alternateSetting == 0 {
                let path = "\(node.path)/\(info.path):1.\(setting.number)"
                node.interfaces.append("/sys" + path)
                add(Self.describe(info.descriptor, setting, path))
            }
            slots.nodes[node.place] = node
            return node
        }
    }

    func unplug(_ node: MockNode) {
        lock.withLock { slots in
            guard slots.nodes[node.place] === node else { return }
            slots.nodes[node.place] = nil
            remove(node)
        }
    }

    private func remove(_ node: MockNode) {
        node.hangUp()
        for path in node.interfaces + ["/sys" + node.path] {
            umockdev_testbed_uevent(testbed, path, "remove")
            umockdev_testbed_remove_device(testbed, path)
        }
        umockdev_testbed_detach_ioctl(testbed, node.file, nil)
        unlink(root + node.file)
    }

    private static func describe(_ info: USBDeviceInfo, _ node: MockNode, number: Int, three: String) -> String {
        let device = info.descriptor
        let minor = number - 1
        let product = "\(hex(device.vendorID))/\(hex(device.productID))/\(hex(device.release))"
        let type = "\(device.deviceClass)/\(device.deviceSubclass)/\(device.deviceProtocol)"
        var lines = ["P: " + node.path]
        for (name, value) in [
            ("SUBSYSTEM", "usb"), ("DEVTYPE", "usb_device"), ("DEVNAME", node.file), ("BUSNUM", "001"), ("DEVNUM", three), ("MAJOR", "189"),
            ("MINOR", "\(minor)"), ("PRODUCT", product), ("TYPE", type),
        ] {
            lines.append("E: \(name)=\(value)")
        }
        var attributes = [
            ("busnum", "1"), ("devnum", "\(number)"), ("idVendor", four(device.vendorID)), ("idProduct", four(device.productID)),
            ("bcdDevice", four(device.release)), ("bDeviceClass", String(four(UInt16(device.deviceClass)).suffix(2))), ("speed", "12"),
            ("bConfigurationValue", "\(device.configurations.first?.value ?? 0)"), ("bNumConfigurations", "\(device.configurations.count)"),
            ("dev", "189:\(minor)"),
        ]
        for (name, value) in [("manufacturer", info.manufacturer), ("product", info.product), ("serial", info.serialNumber)] {
            if let value { attributes.append((name, value)) }
        }
        lines += attributes.map { "A: \($0)=\($1)\\n" }
        let bytes = device.bytes.map { String(four(UInt16($0)).suffix(2)).uppercased() }.joined()
        return lines.joined(separator: "\n") + "\nH: descriptors=\(bytes)\n"
    }

    private static func describe(_ device: USBDeviceDescriptor, _ setting: USBInterfaceDescriptor, _ path: String) -> String {
        func two(_ value: UInt8) -> String { String(four(UInt16(value)).suffix(2)) }
        return """
            P: \(path)
            E: SUBSYSTEM=usb
            E: DEVTYPE=usb_interface
            E: INTERFACE=\(setting.interfaceClass)/\(setting.interfaceSubclass)/\(setting.interfaceProtocol)
            A: bInterfaceNumber=\(two(setting.number))
            A: bInterfaceClass=\(two(setting.interfaceClass))
            A: bInterfaceSubClass=\(two(setting.interfaceSubclass))
            A: bInterfaceProtocol=\(two(setting.interfaceProtocol))

            """
    }

    private static func hex(_ value: UInt16) -> String { String(value, radix: 16) }
    private static func four(_ value: UInt16) -> String {
        let text = hex(value)
        return String(repeating: "0", count: 4 - text.count) + text
    }
}
