import Glibc
import Lab
import Testing
import USB

/// Where the device tests' bodies run; the environment's `COUNTERTOP_GROUND` says it.
public enum Ground: String, Sendable, CaseIterable {
    /// Bus and devices in this process: the everyday ground.
    case memory
    /// Real libusb and libudev; umockdev answers for the kernel. The process must run under `umockdev-preload`.
    case umockdev
    /// Real libusb, libudev and kernel; the devices are plugged into its virtual host controller. Needs root and udev.
    case kernel

    public static let current: Ground = {
        guard let name = getenv("COUNTERTOP_GROUND").map({ String(cString: $0) }) else { return .memory }
        guard let ground = Ground(rawValue: name) else { fatalError("COUNTERTOP_GROUND is \(name); there is memory, umockdev, kernel") }
        return ground
    }()

    /// Whether transfers go through libusb, where time limits are real.
    public var isReal: Bool { self != .memory }

    /// What drivers use to reach the devices of `memory` on this ground.
    public func bus(for memory: MemoryBus) throws(USBError) -> any USBBus {
        switch self {
        case .memory: memory
        case .umockdev: ExportedBus(memory, try MockKernel(exporting: memory), try LibUSBBus())
        case .kernel: ExportedBus(memory, KernelExporter(try VirtualHostController(exporting: memory)), try LibUSBBus())
        }
    }

    /// For tests that own the time on their bus: they end here, as cancelled, on grounds where nobody owns it.
    public func needsOwnTime() throws {
        guard isReal else { return }
        #if compiler(>=6.3)
            try Test.cancel("its time limits are the memory bus's own")
        #else
            fatalError("On other grounds than memory the tests need Swift 6.3.")
        #endif
    }
}

/// Carries the devices of a memory bus somewhere else.
protocol Exporter: Sendable {
    /// Where the device that the system shows at `path` is plugged into the memory bus; `nil` for one that is not from there.
    func place(of path: USBBusPath) -> USBBusPath?
    /// Whether what the system shows, at the memory bus' place, is what is plugged in there now; `false` for an earlier plug that it still shows.
    func isPresent(_ info: USBDeviceInfo) -> Bool
    func close() async
}

/// The kernel's virtual host controller.
struct KernelExporter: Exporter {
    private let controller: VirtualHostController
    /// The number of the controller's bus for low, full and high speed: its port n is `BUS-(n + 1)`.
    private let busNumber: String?

    init(_ controller: VirtualHostController) {
        self.controller = controller
        let directory = VirtualHostController.standardDirectory
        busNumber = (1...64).map { "\($0)" }.first { number in
            guard let file = fopen("\(directory)/usb\(number)/speed", "r") else { return false }
            defer { fclose(file) }
            var speed: Int32 = 0
            return withUnsafeMutablePointer(to: &speed) { pointer in withVaList([pointer]) { vfscanf(file, "%d", $0) } } == 1
                && speed == 480
        }
    }

    func place(of path: USBBusPath) -> USBBusPath? {
        let parts = path.description.split(separator: "-")
        guard parts.count == 2, let busNumber, parts[0] == busNumber, let port = Int(parts[1]) else { return nil }
        return controller.places[port - 1]
    }

    /// The controller detaches a port before it is plugged again.
    func isPresent(_ info: USBDeviceInfo) -> Bool { true }

    func close() async { await controller.close() }
}
