import Glibc
import Testing
import USB

@testable import Lab

@Suite("USB/IP over TCP", .timeLimit(.minutes(1)))
struct USBIPServerTests {
    private static let place = USBBusPath("lab-1")

    private func served() throws -> (bus: MemoryBus, device: LoopbackDevice, server: USBIPServer) {
        let bus = MemoryBus()
        let device = LoopbackDevice()
        try bus.plug(device, at: Self.place)
        return (bus, device, try USBIPServer(serving: bus, port: 0))
    }

    @Test("the list names each device with its interfaces")
    func list() async throws {
        let (_, _, server) = try served()
        let importer = try Importer(server.port)
        importer.send(USBIPBytes.deviceList)
        // Header and count, the device's 312 bytes, four for each of two interfaces.
        let answer = try importer.read(12 + 312 + 8)
        #expect(answer.prefix(12) == [0x01, 0x11, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1])
        #expect(String(decoding: answer[(12 + 256)...].prefix { $0 != 0 }, as: UTF8.self) == "lab-1")
        // busnum, devnum, full speed, 1209:0001, release, class and the counts.
        #expect(
            answer[(12 + 288)..<(12 + 312)] == [
                0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0x12, 0x09, 0, 1, 1, 0, 0xFF, 0, 0, 1, 1, 2,
            ])
        #expect(answer.suffix(8) == [0xFF, 0, 0, 0, 0xFF, 0, 0, 0])
        await server.close()
    }

    @Test("what is not there cannot be imported, and one device not twice")
    func imports() async throws {
        let (_, _, server) = try served()
        let first = try Importer(server.port)
        first.send(USBIPBytes.importDevice("lab-2"))
        #expect(try first.read(8) == [0x01, 0x11, 0, 3, 0, 0, 0, 4])
        // The same connection may ask again.
        try first.attach("lab-1")
        let second = try Importer(server.port)
        second.send(USBIPBytes.importDevice("lab-1"))
        #expect(try second.read(8) == [0x01, 0x11, 0, 3, 0, 0, 0, 2])
        first.close()
        // The server notices on a thread of its own.
        while true {
            let next = try Importer(server.port)
            next.send(USBIPBytes.importDevice("lab-1"))
            if try next.read(8)[7] == 0 { break }
            next.close()
        }
        await server.close()
    }

    @Test("descriptors, data, a stall and an interrupt that waits")
    func transfers() async throws {
        let (bus, device, server) = try served()
        let importer = try Importer(server.port)
        try importer.attach("lab-1")
        importer.send(USBIPBytes.submit(1, endpoint: 0, isIn: true, length: 18, setup: [0x80, 6, 0, 1, 0, 0, 18, 0]))
        #expect(try importer.answer() == .submitted(1, 0, device.deviceDescriptor))
        importer.send(USBIPBytes.submit(2, endpoint: 3, isIn: true, length: 8))
        importer.send(USBIPBytes.submit(3, endpoint: 1, isIn: false, length: 2, data: [5, 6]))
        #expect(try importer.answer() == .submitted(3, 0, []))
        importer.send(USBIPBytes.submit(4, endpoint: 1, isIn: true, length: 64))
        #expect(try importer.answer() == .submitted(4, 0, [5, 6]))
        // Vendor request 1 makes the interrupt endpoint speak.
        importer.send(USBIPBytes.submit(5, endpoint: 0, isIn: false, length: 2, setup: [0x40, 1, 0, 0, 0, 0, 2, 0], data: [0x50, 3]))
        let answers = [try importer.answer(), try importer.answer()].sorted { $0.sequence < $1.sequence }
        #expect(answers == [.submitted(2, 0, [0x50, 3]), .submitted(5, 0, [])])
        try bus.inject(.stall(endpoint: 0x81), at: Self.place)
        importer.send(USBIPBytes.submit(6, endpoint: 1, isIn: true, length: 64))
        #expect(try importer.answer() == .submitted(6, -32, []))
        // CLEAR_FEATURE(ENDPOINT_HALT) goes to the device as any request.
        importer.send(USBIPBytes.submit(7, endpoint: 0, isIn: false, length: 0, setup: [0x02, 1, 0, 0, 0x81, 0, 0, 0]))
        #expect(try importer.answer() == .submitted(7, 0, []))
        importer.send(USBIPBytes.submit(8, endpoint: 1, isIn: true, length: 64))
        importer.send(USBIPBytes.unlink(9, 8))
        #expect(try importer.answer() == .unlinked(9, -104))
        importer.send(USBIPBytes.unlink(10, 8))
        #expect(try importer.answer() == .unlinked(10, 0))
        await server.close()
    }

    @Test("unplugging ends the connection, in the middle of a transfer or without one; plugged in again it is imported anew")
    func unplug() async throws {
        let (bus, device, server) = try served()
        for isWaiting in [true, false] {
            let importer = try Importer(server.port)
            try importer.attach("lab-1")
            if isWaiting {
                importer.send(USBIPBytes.submit(1, endpoint: 1, isIn: true, length: 64))
                for await endpoint in device.asked where endpoint == 0x81 { break }
            }
            bus.unplug(Self.place)
            #expect(throws: Importer.Ended.self) { _ = try importer.read(1) }
            try bus.plug(device, at: Self.place)
        }
        await server.close()
    }

    @Test("an importer that breaks the protocol is let go, and the next is served")
    func broken() async throws {
        let (_, _, server) = try served()
        for bytes in [
            [UInt8](repeating: 0xFF, count: 100),
            USBIPBytes.importDevice("lab-1") + USBIPBytes.deviceList + [UInt8](repeating: 0, count: 40),
        ] {
            let importer = try Importer(server.port)
            importer.send(bytes)
            #expect(throws: Importer.Ended.self) { while true { _ = try importer.read(1) } }
        }
        let importer = try Importer(server.port)
        importer.send(USBIPBytes.deviceList)
        #expect(try importer.read(12)[11] == 1)
        await server.close()
    }
}

/// Plays the importing kernel on a blocking socket.
private final class Importer {
    struct Ended: Error {}

    enum Answer: Equatable {
        case submitted(UInt32, Int32, [UInt8])
        case unlinked(UInt32, Int32)

        var sequence: UInt32 {
            switch self {
            case .submitted(let sequence, _, _), .unlinked(let sequence, _): sequence
            }
        }
    }

    private var descriptor: Int32
    private var outgoing: Set<UInt32> = []

    init(_ port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Ended() }
        // A server that owes an answer fails the test instead of hanging it.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    func send(_ bytes: [UInt8]) {
        if bytes.count >= 16, bytes[3] == 1, bytes[15] == 0 { outgoing.insert(Self.number(bytes, 4)) }
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func read(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var block = [UInt8](repeating: 0, count: count - bytes.count)
            let received = recv(descriptor, &block, block.count, 0)
            guard received > 0 else {
                #expect(received == 0 || errno != EAGAIN, "no answer")
                throw Ended()
            }
            bytes += block.prefix(received)
        }
        return bytes
    }

    func attach(_ busID: String) throws {
        send(USBIPBytes.importDevice(busID))
        let answer = try read(8 + 312)
        #expect(answer.prefix(8) == [0x01, 0x11, 0, 3, 0, 0, 0, 0])
    }

    func answer() throws -> Answer {
        let header = try read(48)
        let sequence = Self.number(header, 4)
        let status = Int32(bitPattern: Self.number(header, 20))
        guard Self.number(header, 0) == 3 else { return .unlinked(sequence, status) }
        let isOut = outgoing.contains(sequence)
        return .submitted(sequence, status, isOut ? [] : try read(Int(Self.number(header, 24))))
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    deinit { close() }

    private static func number(_ bytes: [UInt8], _ start: Int) -> UInt32 { bytes[start..<(start + 4)].reduce(0) { $0 << 8 | UInt32($1) } }
}
