import Seeds
import Hex
import Testing
import USB

@Suite("USB descriptors")
struct USBDeviceDescriptorTests {
    /// A CCID reader: interface of class 0B with its 54-byte class descriptor, bulk pair and interrupt endpoint; and a keyboard behind an
    /// interface association.
    static let reader =
        [UInt8](
            hex: """
                12 01 00 02 00 00 00 40 E6 08 38 34 10 01 01 02 03 01
                09 02 7F 00 02 01 00 A0 32
                08 0B 00 02 00 00 00 00
                09 04 00 00 03 0B 00 00 00
                36 21 10 01 00 07 03 00 00 00 A0 0F 00 00 A0 0F 00 00 00 00 2A 00 00 00 00 00 00 00 00 00 00 00
                00 00 00 00 00 00 BA 00 01 00 0F 01 00 00 FF FF 00 00 00 01 00 01
                07 05 01 02 40 00 00
                07 05 82 02 40 00 00
                07 05 83 03 08 00 18
                09 04 01 00 01 03 01 01 00
                07 05 84 03 08 00 0A
                """) ?? []

    @Test("interfaces, endpoints and class descriptors are found where they stand")
    func parsesReader() throws {
        var bytes = Self.reader
        // wTotalLength says how long the configuration is.
        bytes[20] = UInt8(bytes.count - 18)
        let descriptor = try USBDeviceDescriptor(parsing: bytes)
        #expect(descriptor.vendorID == 0x08E6)
        #expect(descriptor.productID == 0x3438)
        #expect(descriptor.release == 0x0110)
        let configuration = try #require(descriptor.configurations.first)
        #expect(descriptor.configurations.count == 1)
        #expect(configuration.value == 1)
        #expect(configuration.extra == [0x08, 0x0B, 0, 2, 0, 0, 0, 0])
        #expect(configuration.interfaces.map(\.number) == [0, 1])
        let interface = configuration.interfaces[0]
        #expect(interface.interfaceClass == 0x0B)
        #expect(interface.extra.count == 54)
        #expect(interface.extra.prefix(2) == [0x36, 0x21])
        #expect(interface.endpoints.map(\.address) == [0x01, 0x82, 0x83])
        #expect(interface.endpoints.map(\.transfer) == [.bulk, .bulk, .interrupt])
        #expect(interface.endpoints.map(\.maxPacketSize) == [64, 64, 8])
        #expect(interface.endpoints[2].interval == 0x18)
        #expect(configuration.interfaces[1].interfaceProtocol == 1)
    }

    @Test("what is serialised parses to the same")
    func roundTrip() throws {
        let descriptor = USBDeviceDescriptor(
            vendorID: 0xFFFE, productID: 0x0102, release: 0x9999, deviceClass: 1, deviceSubclass: 2, deviceProtocol: 3,
            configurations: [
                USBConfigurationDescriptor(
                    value: 1,
                    interfaces: [
                        USBInterfaceDescriptor(
                            number: 0, interfaceClass: 0x0B,
                            endpoints: [USBEndpointDescriptor(address: 0x81, transfer: .bulk, maxPacketSize: 512)],
                            extra: [3, 0x21, 7]),
                        USBInterfaceDescriptor(number: 0, alternateSetting: 1, interfaceClass: 0x0B, endpoints: []),
                        USBInterfaceDescriptor(
                            number: 1, interfaceClass: 0xFF, interfaceSubclass: 5, interfaceProtocol: 6,
                            endpoints: [
                                USBEndpointDescriptor(
                                    address: 0x02, transfer: .interrupt, maxPacketSize: 8, interval: 10, extra: [2, 0x30])
                            ]),
                    ], extra: [4, 0x0B, 1, 2]),
                USBConfigurationDescriptor(value: 2, interfaces: []),
            ])
        #expect(try USBDeviceDescriptor(parsing: descriptor.bytes) == descriptor)
        #expect(descriptor.deviceBytes(manufacturer: 1, product: 2, serialNumber: 3).suffix(4) == [1, 2, 3, 2])
        // Two numbers, three alternate settings: bNumInterfaces counts numbers.
        #expect(descriptor.configurations[0].bytes()[4] == 2)
    }

    @Test("a device without a configuration (not authorised by the system) is still a device")
    func deviceAlone() throws {
        #expect(try USBDeviceDescriptor(parsing: Array(Self.reader.prefix(18))).configurations.isEmpty)
    }

    struct Malformed: CustomTestStringConvertible, Sendable {
        let bytes: [UInt8]
        let reason: String
        var testDescription: String { reason }

        /// A device descriptor and a configuration of one interface and this behind it.
        static func configuration(_ rest: [UInt8], total: UInt8? = nil, reason: String) -> Malformed {
            let body: [UInt8] = [9, 4, 0, 0, 0, 0xFF, 0, 0, 0] + rest
            return Malformed(
                bytes: Array(reader.prefix(18)) + [9, 2, total ?? UInt8(9 + body.count), 0, 1, 1, 0, 0x80, 50] + body, reason: reason)
        }
    }

    @Test(
        "malformed descriptors are refused with what is wrong",
        arguments: [
            Malformed(bytes: [], reason: "byte 0: device descriptor missing"),
            Malformed(bytes: [18], reason: "byte 0: 1 bytes left over"),
            Malformed(bytes: [18, 1, 0], reason: "byte 0: bLength is 18, but only 3 bytes are there"),
            Malformed(bytes: [8, 1, 0, 2, 0, 0, 0, 8], reason: "byte 0: device descriptor of 8 bytes, at least 18 expected"),
            Malformed(bytes: [18, 2] + [UInt8](repeating: 0, count: 16), reason: "byte 0: bDescriptorType is 2 where a device descriptor"),
            Malformed(
                bytes: reader.prefix(18) + [9, 4, 0, 0, 0, 0, 0, 0, 0], reason: "byte 18: bDescriptorType is 4 where a configuration"),
            Malformed(bytes: reader.prefix(18) + [9, 2, 8, 0, 1, 1, 0, 0x80, 50], reason: "byte 18: wTotalLength 8 is shorter"),
            Malformed(
                bytes: reader.prefix(18) + [9, 2, 20, 0, 1, 1, 0, 0x80, 50],
                reason: "byte 18: wTotalLength 20 reaches 11 bytes past the end"),
            .configuration([0, 5], reason: "byte 36: bLength is 0, at least 2 expected"),
            .configuration([1, 5], reason: "byte 36: bLength is 1, at least 2 expected"),
            .configuration([7], reason: "byte 36: 1 bytes left over"),
            .configuration([7, 5, 0x81], reason: "byte 36: bLength is 7, but only 3 bytes are there"),
            .configuration([6, 5, 0x81, 2, 64, 0], reason: "byte 36: endpoint descriptor of 6 bytes, at least 7 expected"),
            .configuration([8, 4, 1, 0, 0, 0, 0, 0], reason: "byte 36: interface descriptor of 8 bytes, at least 9 expected"),
            .configuration([9, 2, 0, 0, 0, 0, 0, 0, 0], reason: "byte 36: descriptor of type 2 inside a configuration"),
            Malformed(
                bytes: reader.prefix(18) + [9, 2, 16, 0, 1, 1, 0, 0x80, 50, 7, 5, 0x81, 2, 64, 0, 0],
                reason: "byte 27: endpoint descriptor before any interface"),
        ])
    func malformed(_ example: Malformed) {
        let error = #expect(throws: USBError.self) { try USBDeviceDescriptor(parsing: example.bytes) }
        #expect(error?.code == .malformedDescriptor)
        #expect(error?.message.contains(example.reason) == true, "\(error?.message ?? "accepted")")
    }

    @Test("cut off anywhere, descriptors are refused, except where a device descriptor stands alone")
    func truncated() {
        var bytes = Self.reader
        bytes[20] = UInt8(bytes.count - 18)
        for count in 0..<bytes.count where count != 18 {
            #expect(throws: USBError.self) { try USBDeviceDescriptor(parsing: Array(bytes.prefix(count))) }
        }
    }

    @Test("no bytes trap the parser, and what it accepts it can say again")
    func random() {
        var random = SeededRandom(seed: 2026)
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = Self.reader
            bytes[20] = UInt8(bytes.count - 18)
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
            guard let descriptor = try? USBDeviceDescriptor(parsing: bytes) else { continue }
            accepted += 1
            #expect((try? USBDeviceDescriptor(parsing: descriptor.bytes)) == descriptor)
        }
        #expect(accepted > 100)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8.random(in: 0...20, using: &random) }
            _ = try? USBDeviceDescriptor(parsing: bytes)
        }
    }
}
