import Grounds
import Lab
import SmartCard
import Testing
import USB

@testable import Devices

/// A bus with virtual readers, on the ground on which the tests run, seen through a strict one; and a registry that serves it.
final class Bench: Sendable {
    static let port = USBBusPath("1-1")

    let bus: MemoryBus
    let strict: StrictBus
    let registry: DeviceRegistry
    private let running: Task<Void, Never>

    init(
        _ reader: VirtualCCIDReader? = nil, roles: DeviceRoles = DeviceRoles(), busClock: (any Clock<Duration>)? = nil,
        driverClock: any Clock<Duration> = ContinuousClock(), negotiatesRates: Bool = false
    ) throws {
        if busClock != nil { try Ground.current.needsOwnTime() }
        let bus = MemoryBus(clock: busClock ?? ContinuousClock())
        if let reader { try bus.plug(reader, at: Self.port) }
        let strict = StrictBus(try Ground.current.bus(for: bus))
        let driver = CCIDDriver(clock: driverClock, negotiatesRates: negotiatesRates)
        let registry = DeviceRegistry(buses: [strict], roles: roles, drivers: [driver], logger: .quiet)
        self.bus = bus
        self.strict = strict
        self.registry = registry
        running = Task { await registry.run() }
    }

    /// The chip reader in service, as soon as there is one.
    func chipReader() async throws -> any ChipReader {
        for await reader in registry.chipReaders() {
            if let reader { return reader }
        }
        throw DeviceError(.deviceGone, "the registry ended without a reader")
    }

    /// The next change that `isMeant`.
    func change(where isMeant: (DeviceChange) -> Bool) async throws -> DeviceChange {
        for await change in registry.changes() where isMeant(change) { return change }
        throw DeviceError(.deviceGone, "the registry ended")
    }

    /// Lets the registry end, waits for it, and sees that nothing stays open.
    func close(sourceLocation: SourceLocation = #_sourceLocation) async {
        running.cancel()
        await running.value
        #expect(strict.openCount == 0, "a device stayed open", sourceLocation: sourceLocation)
        await strict.close()
    }
}

extension ChipReader {
    func present() async throws -> Int {
        for await presence in cardPresence() {
            if case .present(let insertion) = presence { return insertion }
        }
        throw DeviceError(.deviceGone, "the reader is gone")
    }
}

/// Waits for something that only needs other tasks to run, and on a system the system's.
func eventually(_ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ isSo: () -> Bool) async {
    if !(await comes(isSo)) { Issue.record(what, sourceLocation: sourceLocation) }
}

/// The code of the error that `body` throws.
func errorCode<Result>(_ body: () async throws(DeviceError) -> Result) async -> DeviceError.Code? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error.code
    }
}

let selectPSE = CommandAPDU(0x00, 0xA4, 0x04, 0x00, data: Array("1PAY.SYS.DDF01".utf8), expectedLength: 256)
let selectPSEHex = "00A404000E315041592E5359532E444446303100"
