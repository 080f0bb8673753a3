import Glibc
import Grounds
import Synchronization
import Testing
import USB

@testable import Lab

/// The ways to reach a virtual device; every rule of the bus holds on each.
enum BusKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case memory, socket
    /// libusb and udev, on the ground on which the tests run.
    case system

    static var allCases: [BusKind] { Ground.current.isReal ? [.system] : [.memory, .socket] }
    var testDescription: String { rawValue }
}

/// A loopback device, and a bus to find it on once it is plugged in.
struct BusRig: Sendable {
    static let path = USBBusPath("1-1")
    static let limit = Duration.seconds(5)

    let clock = BusTestClock()
    let device = LoopbackDevice()
    let memory: MemoryBus
    let server: SocketBusServer?
    let socket: String
    /// What the drivers see.
    let bus: any USBBus

    private static let numbers = Atomic(0)

    init(_ kind: BusKind) throws {
        memory = MemoryBus(clock: clock)
        socket = "/tmp/countertop-bus-\(getpid())-\(Self.numbers.wrappingAdd(1, ordering: .relaxed).newValue)"
        switch kind {
        case .memory:
            server = nil
            bus = memory
        case .socket:
            server = try SocketBusServer(serving: memory, at: socket)
            bus = try SocketBusClient(connectingTo: socket)
        case .system:
            server = nil
            bus = try Ground.current.bus(for: memory)
        }
    }

    /// Plugs the device in, opens it on the bus and claims interface 0.
    func opened() async throws -> any USBDevice {
        try memory.plug(device, at: Self.path)
        let opened = try await bus.open(Self.path)
        try await opened.claim(interface: 0)
        return opened
    }

    /// Waits until the host asks `endpoint` in vain.
    func asked(_ endpoint: UInt8) async {
        for await asked in device.asked where asked == endpoint { return }
    }

    func close() async {
        await bus.close()
        await server?.close()
        await memory.close()
    }
}

/// Runs a body that must fail with a USB error, and answers its code.
func failure(_ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) async -> USBError.Code? {
    await #expect(throws: USBError.self, sourceLocation: sourceLocation) { try await body() }?.code
}
