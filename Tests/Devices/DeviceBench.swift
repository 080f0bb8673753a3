import Grounds
import Lab
import Testing
import USB

@testable import Devices

/// Virtual devices of any kind on the ground on which the tests run, seen through a strict bus by a registry with all drivers.
final class DeviceBench: Sendable {
    let bus = MemoryBus()
    let strict: StrictBus
    let registry: DeviceRegistry
    private let running: Task<Void, Never>

    init() throws {
        strict = StrictBus(try Ground.current.bus(for: bus))
        let registry = DeviceRegistry(buses: [strict], logger: .quiet)
        self.registry = registry
        running = Task { await registry.run() }
    }

    /// The device in service of a kind, as soon as there is one.
    func inService<Device: Sendable>(_ devices: AsyncStream<Device?>) async throws -> Device {
        for await device in devices { if let device { return device } }
        throw DeviceError(.deviceGone, "the registry ended without a device")
    }

    /// Lets the registry end, waits for it, and sees that nothing stays open.
    func close(sourceLocation: SourceLocation = #_sourceLocation) async {
        running.cancel()
        await running.value
        #expect(strict.openCount == 0, "a device stayed open", sourceLocation: sourceLocation)
        await strict.close()
    }
}
