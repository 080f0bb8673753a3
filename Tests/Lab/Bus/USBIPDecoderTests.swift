import Testing
import USB

@testable import Lab

/// Requests as the kernel's `vhci_hcd` and the `usbip` tool write them.
enum USBIPBytes {
    static func be(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

    static let deviceList: [UInt8] = [0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0]

    static func importDevice(_ busID: String) -> [UInt8] {
        [0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0] + Array(busID.utf8) + [UInt8](repeating: 0, count: 32 - busID.utf8.count)
    }

    static func submit(
        _ sequence: UInt32, endpoint: UInt32, isIn: Bool, length: UInt32, setup: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0], data: [UInt8] = [],
        flags: UInt32 = 0, packets: UInt32 = .max, direction: UInt32? = nil
    ) -> [UInt8] {
        be(1) + be(sequence) + be(0x10001) + be(direction ?? (isIn ? 1 : 0)) + be(endpoint) + be(flags) + be(length) + be(0) + be(packets)
            + be(0) + setup + data
    }

    static func unlink(_ sequence: UInt32, _ target: UInt32) -> [UInt8] {
        be(2) + be(sequence) + be(0x10001) + be(0) + be(0) + be(target) + [UInt8](repeating: 0, count: 24)
    }
}

@Suite("USB/IP requests")
struct USBIPDecoderTests {
    private static let transfers: [(bytes: [UInt8], request: USBIPRequest)] = [
        (
            USBIPBytes.submit(7, endpoint: 1, isIn: false, length: 3, data: [1, 2, 3]),
            .submit(
                USBIPSubmit(
                    sequence: 7, endpoint: 1, isIn: false, isShortRefused: false, length: 3, setup: [0, 0, 0, 0, 0, 0, 0, 0],
                    data: [1, 2, 3]))
        ),
        (
            USBIPBytes.submit(8, endpoint: 0, isIn: true, length: 18, setup: [0x80, 6, 0, 1, 0, 0, 18, 0], flags: 0x201, packets: 0),
            .submit(
                USBIPSubmit(
                    sequence: 8, endpoint: 0, isIn: true, isShortRefused: true, length: 18, setup: [0x80, 6, 0, 1, 0, 0, 18, 0], data: []))
        ),
        (USBIPBytes.unlink(9, 8), .unlink(sequence: 9, target: 8)),
    ]

    @Test("operations come first, transfers after an import, whatever pieces they arrive in")
    func pieces() {
        let operations = USBIPBytes.deviceList + USBIPBytes.importDevice("lab-1")
        let transfers = Self.transfers.flatMap(\.bytes)
        for size in [1, 2, 7, 47, 48, 49, 1000] {
            var decoder = USBIPDecoder()
            #expect(Self.all(&decoder, operations, size) == [.deviceList, .importDevice(busID: "lab-1")])
            decoder.phase = .transfers
            #expect(Self.all(&decoder, transfers, size) == Self.transfers.map(\.request))
        }
    }

    private static func all(_ decoder: inout USBIPDecoder, _ bytes: [UInt8], _ size: Int) -> [USBIPRequest] {
        var requests: [USBIPRequest] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            decoder.append(bytes[start..<min(start + size, bytes.count)])
            while case .request(let request) = decoder.next() { requests.append(request) }
        }
        return requests
    }

    @Test("every truncation asks for more")
    func truncated() {
        for (phase, bytes) in [(USBIPDecoder.Phase.operations, USBIPBytes.importDevice("x"))]
            + Self.transfers.map({ (.transfers, $0.bytes) })
        {
            for count in 0..<bytes.count {
                var decoder = USBIPDecoder(phase)
                decoder.append(bytes.prefix(count))
                #expect(decoder.next() == .needMore)
            }
        }
    }

    @Test("what no importer may send is malformed")
    func malformed() {
        let cases: [(USBIPDecoder.Phase, [UInt8])] = [
            (.operations, [0x02, 0x11, 0x80, 0x05, 0, 0, 0, 0]),
            (.operations, [0x01, 0x11, 0x00, 0x05, 0, 0, 0, 0]),
            (.transfers, USBIPBytes.be(3) + [UInt8](repeating: 0, count: 44)),
            (.transfers, USBIPBytes.submit(1, endpoint: 16, isIn: true, length: 1)),
            (.transfers, USBIPBytes.submit(1, endpoint: 1, isIn: true, length: 1, direction: 2)),
            (.transfers, USBIPBytes.submit(1, endpoint: 1, isIn: true, length: .max)),
            (.transfers, USBIPBytes.submit(1, endpoint: 1, isIn: false, length: 16 << 20 + 1)),
            (.transfers, USBIPBytes.submit(1, endpoint: 1, isIn: true, length: 64, packets: 2)),
        ]
        for (phase, bytes) in cases {
            var decoder = USBIPDecoder(phase)
            decoder.append(bytes[...])
            guard case .malformed = decoder.next() else {
                Issue.record("\(bytes) is accepted")
                continue
            }
        }
    }

    @Test("random bytes and disturbed requests end without a trap")
    func random() {
        var random = SystemRandomNumberGenerator()
        for round in 0..<20_000 {
            let phase = round % 2 == 0 ? USBIPDecoder.Phase.operations : .transfers
            var bytes =
                round % 3 == 0 ? (0..<Int.random(in: 0...120)).map { _ in UInt8.random(in: 0...255) } : Self.transfers[round % 3].bytes
            for _ in 0..<Int.random(in: 0...3) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count)] = UInt8.random(in: 0...255, using: &random)
            }
            var decoder = USBIPDecoder(phase)
            decoder.append(bytes[...])
            var machine = USBIPTransfers()
            while case .request(let request) = decoder.next() {
                if case .submit(let submit) = request { _ = machine.on(.submit(submit)) }
            }
        }
    }
}

@Suite("USB/IP transfers")
struct USBIPTransfersTests {
    private func interrupt(_ sequence: UInt32, isShortRefused: Bool = false) -> USBIPSubmit {
        USBIPSubmit(
            sequence: sequence, endpoint: 3, isIn: true, isShortRefused: isShortRefused, length: 8, setup: [0, 0, 0, 0, 0, 0, 0, 0],
            data: [])
    }

    @Test("a transfer given up while it waits is answered once, by the unlink")
    func unlinked() {
        var machine = USBIPTransfers()
        #expect(machine.on(.submit(interrupt(1))) == [.submit(1, .in(0x83, length: 8))])
        #expect(machine.on(.unlink(sequence: 2, target: 1)) == [.cancel(1)])
        #expect(
            machine.on(.completed(1, .failure(USBError(.cancelled, "")))) == [.send(USBIPReply.unlinked(2, status: -104))])
        #expect(machine.sequences.isEmpty)
    }

    @Test("data that came before the cancellation is not lost")
    func unlinkTooLate() {
        var machine = USBIPTransfers()
        _ = machine.on(.submit(interrupt(1)))
        _ = machine.on(.unlink(sequence: 2, target: 1))
        #expect(
            machine.on(.completed(1, .success([9])))
                == [.send(USBIPReply.submitted(1, status: 0, length: 1, data: [9])), .send(USBIPReply.unlinked(2, status: 0))])
        #expect(machine.on(.unlink(sequence: 3, target: 1)) == [.send(USBIPReply.unlinked(3, status: 0))])
    }

    @Test("failures have the kernel's error numbers; a device that is gone says nothing")
    func failures() {
        let expected: [(USBError.Code, Int32)] = [
            (.stall, -32), (.overflow, -75), (.notFound, -2), (.timeout, -71), (.io, -5), (.cancelled, -104),
        ]
        for (code, status) in expected {
            var machine = USBIPTransfers()
            _ = machine.on(.submit(interrupt(1)))
            #expect(
                machine.on(.completed(1, .failure(USBError(code, "")))) == [.send(USBIPReply.submitted(1, status: status, length: 0))])
        }
        var machine = USBIPTransfers()
        _ = machine.on(.submit(interrupt(1)))
        #expect(machine.on(.completed(1, .failure(USBError(.noDevice, "")))) == [.end(nil)])
    }

    @Test("a short transfer is an error only where the importer says so")
    func short() {
        var machine = USBIPTransfers()
        _ = machine.on(.submit(interrupt(1, isShortRefused: true)))
        #expect(
            machine.on(.completed(1, .success([1, 2])))
                == [.send(USBIPReply.submitted(1, status: -121, length: 2, data: [1, 2]))])
    }

    @Test("the same number twice, and a SETUP packet that contradicts its request, end the connection")
    func violations() {
        var machine = USBIPTransfers()
        _ = machine.on(.submit(interrupt(1)))
        guard case .end(.some) = machine.on(.submit(interrupt(1))).first else { return #expect(Bool(false), "taken twice") }
        var control = interrupt(2)
        control.endpoint = 0
        control.setup = [0x00, 9, 1, 0, 0, 0, 4, 0]
        guard case .end(.some) = machine.on(.submit(control)).first else { return #expect(Bool(false), "contradiction accepted") }
    }
}
