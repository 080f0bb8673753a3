import Lab
import Synchronization
import USB

/// The system's bus, reduced to the devices that a memory bus exports to it, at the places that they have there: so a test's body finds them
/// where it plugged them in, on every ground.
final class ExportedBus: USBBus {
    private let memory: MemoryBus
    private let exporter: any Exporter
    private let system: LibUSBBus
    /// Where the system shows what is plugged in at a place.
    private let shown = Mutex<[USBBusPath: USBBusPath]>([:])

    init(_ memory: MemoryBus, _ exporter: any Exporter, _ system: LibUSBBus) {
        self.memory = memory
        self.exporter = exporter
        self.system = system
    }

    func events() async throws(USBError) -> AsyncStream<USBBusEvent> {
        let events = try await system.events()
        let (stream, continuation) = AsyncStream<USBBusEvent>.makeStream()
        let task = Task { [self] in
            var places: [USBBusPath: USBBusPath] = [:]
            for await event in events {
                switch event {
                case .attached(let info):
                    guard let place = exporter.place(of: info.path) else { continue }
                    places[info.path] = place
                    shown.withLock { $0[place] = info.path }
                    continuation.yield(
                        .attached(
                            USBDeviceInfo(
                                path: place, descriptor: info.descriptor, manufacturer: info.manufacturer, product: info.product,
                                serialNumber: info.serialNumber, node: info.node)))
                case .detached(let path):
                    guard let place = places.removeValue(forKey: path) else { continue }
                    shown.withLock { if $0[place] == path { $0[place] = nil } }
                    continuation.yield(.detached(place))
                }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    func open(_ path: USBBusPath) async throws(USBError) -> any USBDevice {
        if isPlugged(path) {
            // In memory a device is there when it is plugged in; a system takes a moment to see it, and may still show an earlier plug.
            for await event in try await events() {
                guard case .attached(let info) = event, info.path == path, exporter.isPresent(info) else { continue }
                if let device = try await openShown(path) { return device }
            }
        } else if let earlier = shown.withLock({ $0[path] }) {
            // In memory it is gone when it is unplugged; a system may show it for a moment longer. Ends when opening fails.
            while true { await (try await system.open(earlier)).close() }
        }
        // After `close()` it is that which the system's bus says.
        _ = try await system.events()
        throw USBError(.noDevice, "Nothing is plugged in at \(path).")
    }

    private func isPlugged(_ path: USBBusPath) -> Bool { memory.devices.contains { $0.path == path } }

    /// What the system shows there; `nil` when that is gone and another is to come.
    private func openShown(_ path: USBBusPath) async throws(USBError) -> (any USBDevice)? {
        // udev's message reaches us and libusb one after the other: what we see may be news to libusb.
        while let systemPath = shown.withLock({ $0[path] }) {
            do throws(USBError) { return try await system.open(systemPath) } catch {
                guard error.code == .noDevice, isPlugged(path), !Task.isCancelled else { throw error }
                await Task.yield()
            }
        }
        return nil
    }

    func close() async {
        await system.close()
        await exporter.close()
    }
}
