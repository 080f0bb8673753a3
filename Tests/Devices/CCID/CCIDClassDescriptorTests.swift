import Seeds
import Hex
import Testing
import USB

@testable import Devices

/// The descriptor of an SCM SCR3310-like reader at short APDU level, field by field as in CCID 1.10, 5.1.
private let bytes: [UInt8] =
    [0x36, 0x21, 0x10, 0x01, 0x01, 0x07] + [3, 0, 0, 0] + [0xA0, 0x0F, 0, 0] + [0x40, 0x1F, 0, 0] + [0]
    + [0x00, 0x2A, 0, 0] + [0x29, 0x40, 0x05, 0] + [0] + [0xFE, 0, 0, 0] + [0, 0, 0, 0] + [0, 0, 0, 0]
    + [0xBA, 0x04, 0x02, 0x00] + [0x0F, 0x01, 0, 0] + [0xFF, 0x00, 0x10, 0x02, 0x03, 0x01]

@Suite("CCID class descriptor")
struct CCIDClassDescriptorTests {
    @Test("every field is read from its place")
    func fields() throws {
        guard case .found(let descriptor) = CCIDClassDescriptor.search(bytes, vendorClass: false) else {
            Issue.record("not found")
            return
        }
        #expect(bytes.count == CCIDClassDescriptor.length)
        #expect(descriptor.release == 0x0110)
        #expect(descriptor.maximumSlotIndex == 1)
        #expect(descriptor.voltages == [.volts5, .volts3, .volts1_8])
        #expect(descriptor.protocols == 3)
        #expect(descriptor.defaultClock == 4000)
        #expect(descriptor.maximumClock == 8000)
        #expect(descriptor.dataRate == 10752)
        #expect(descriptor.maximumDataRate == 0x054029)
        #expect(descriptor.maximumIFSD == 254)
        #expect(descriptor.features.level == .shortAPDU)
        #expect(descriptor.features.contains([.automaticVoltage, .automaticPPS, .parametersFromATR, .automaticIFSD]))
        #expect(!descriptor.features.contains(.automaticNegotiation))
        #expect(descriptor.maximumMessageLength == 271)
        #expect(descriptor.classGetResponse == 0xFF)
        #expect(descriptor.classEnvelope == 0)
        #expect(descriptor.displayLines == 2)
        #expect(descriptor.displayColumns == 16)
        #expect(descriptor.pinSupport == 3)
        #expect(descriptor.maximumBusySlots == 1)
    }

    @Test("it is found behind other descriptors, and type FF counts in vendor class only")
    func position() {
        guard case .found = CCIDClassDescriptor.search([5, 0x24, 1, 2, 3] + bytes, vendorClass: false) else {
            Issue.record("not found behind another descriptor")
            return
        }
        var vendor = bytes
        vendor[1] = 0xFF
        #expect(CCIDClassDescriptor.search(vendor, vendorClass: false) == .absent)
        guard case .found = CCIDClassDescriptor.search(vendor, vendorClass: true) else {
            Issue.record("not found in vendor class")
            return
        }
        #expect(CCIDClassDescriptor.search([], vendorClass: false) == .absent)
    }

    @Test("every truncation is malformed or absent, never a trap and never found")
    func truncated() {
        for count in 1..<bytes.count {
            guard case .malformed = CCIDClassDescriptor.search(Array(bytes.prefix(count)), vendorClass: false) else {
                Issue.record("\(count) bytes were taken")
                continue
            }
        }
        var wrongLength = bytes
        for length in UInt8(0)..<0x36 {
            wrongLength[0] = length
            if case .found = CCIDClassDescriptor.search(wrongLength, vendorClass: false) { Issue.record("bLength \(length) was taken") }
        }
    }

    @Test("random bytes never trap")
    func random() {
        var random = SeededRandom(seed: 0xCC1D)
        for _ in 0..<20_000 {
            let extra = (0..<Int.random(in: 0...120, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = CCIDClassDescriptor.search(extra, vendorClass: Bool.random(using: &random))
            // Likely ones, too.
            var mutated = bytes
            mutated[Int.random(in: 0..<mutated.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            let interface = USBInterfaceDescriptor(
                number: 0, interfaceClass: 0x0B,
                endpoints: [
                    USBEndpointDescriptor(address: 1, transfer: .bulk, maxPacketSize: UInt16.random(in: 0...1024, using: &random)),
                    USBEndpointDescriptor(address: 0x81, transfer: .bulk, maxPacketSize: UInt16.random(in: 0...1024, using: &random)),
                ], extra: mutated)
            for recognition in CCIDInterface.recognise(device([interface])) {
                guard case .usable(let usable) = recognition else { continue }
                #expect(usable.readLength > 0 && usable.readLength < 200_000)
                #expect(usable.slotCount >= 1)
                _ = usable.powerSelections
            }
        }
    }
}

private func device(
    _ interfaces: [USBInterfaceDescriptor], vendorID: UInt16 = 1, productID: UInt16 = 2, release: UInt16 = 0x0100
) -> USBDeviceDescriptor {
    USBDeviceDescriptor(
        vendorID: vendorID, productID: productID, release: release,
        configurations: [USBConfigurationDescriptor(value: 1, interfaces: interfaces)])
}

private func with(features: UInt32, maximumMessage: UInt32 = 271, pin: UInt8 = 0) -> [UInt8] {
    var descriptor = bytes
    for index in 0..<4 {
        descriptor[40 + index] = UInt8(truncatingIfNeeded: features >> UInt32(8 * index))
        descriptor[44 + index] = UInt8(truncatingIfNeeded: maximumMessage >> UInt32(8 * index))
    }
    descriptor[52] = pin
    return descriptor
}

private let bulk = [
    USBEndpointDescriptor(address: 0x01, transfer: .bulk, maxPacketSize: 64),
    USBEndpointDescriptor(address: 0x82, transfer: .bulk, maxPacketSize: 64),
]

@Suite("CCID interface")
struct CCIDInterfaceTests {
    private func recognise(
        _ extra: [UInt8], class interfaceClass: UInt8 = 0x0B, protocol number: UInt8 = 0, endpoints: [USBEndpointDescriptor] = bulk,
        vendorID: UInt16 = 1, productID: UInt16 = 2, release: UInt16 = 0x0100
    ) -> [CCIDInterface.Recognition] {
        CCIDInterface.recognise(
            device(
                [
                    USBInterfaceDescriptor(
                        number: 3, interfaceClass: interfaceClass, interfaceProtocol: number, endpoints: endpoints, extra: extra)
                ], vendorID: vendorID, productID: productID, release: release))
    }

    private func usable(_ recognitions: [CCIDInterface.Recognition]) throws -> CCIDInterface {
        guard case .usable(let interface) = try #require(recognitions.first) else {
            throw DeviceError(.unsupported, "\(recognitions)")
        }
        return interface
    }

    private func finding(_ recognitions: [CCIDInterface.Recognition]) throws -> String {
        guard case .unusable(3, let finding) = try #require(recognitions.first) else {
            throw DeviceError(.unsupported, "\(recognitions)")
        }
        return finding
    }

    @Test("class 0B with the descriptor on the interface, with and without interrupt endpoint")
    func ordinary() throws {
        let without = try usable(recognise(bytes))
        #expect((without.number, without.bulkOut, without.bulkIn) == (3, 0x01, 0x82))
        #expect(without.interruptIn == nil)
        #expect(without.slotCount == 2)
        let interrupt = USBEndpointDescriptor(address: 0x83, transfer: .interrupt, maxPacketSize: 8, interval: 16)
        #expect(try usable(recognise(bytes, endpoints: bulk + [interrupt])).interruptIn == 0x83)
    }

    @Test("the descriptor may be behind the last endpoint (O2Micro OZ776)")
    func behindEndpoint() throws {
        var endpoints = bulk
        endpoints[1].extra = bytes
        #expect(try usable(recognise([], endpoints: endpoints)).level == .shortAPDU)
    }

    @Test("vendor class with a CCID descriptor is a reader, without it is somebody else's device")
    func vendorClass() throws {
        var vendor = bytes
        vendor[1] = 0xFF
        #expect(try usable(recognise(vendor, class: 0xFF)).level == .shortAPDU)
        #expect(try usable(recognise(bytes, class: 0xFF)).level == .shortAPDU)
        #expect(recognise([], class: 0xFF).isEmpty)
        #expect(recognise([9, 0x21, 1, 1, 0, 1, 0x22, 40, 0], class: 0xFF).isEmpty)
        #expect(recognise([3, 0xFF], class: 0xFF).isEmpty)
        #expect(recognise(bytes, class: 0x03).isEmpty)
    }

    @Test("what the driver cannot serve is found with a reason")
    func unusableReaders() throws {
        #expect(try finding(recognise(with(features: 0x0006_00BA))).contains("exchange level"))
        #expect(try finding(recognise(bytes, protocol: 1)).contains("ICCD"))
        #expect(try finding(recognise([])).contains("no CCID class descriptor"))
        #expect(try finding(recognise([0x36, 0x21, 0x10])).contains("malformed"))
        #expect(try finding(recognise(bytes, endpoints: [bulk[0]])).contains("bulk endpoint"))
        #expect(try finding(recognise(with(features: 0x0002_00BA, maximumMessage: 12))).contains("12 bytes"))
    }

    @Test("a message length beyond the standard is not believed")
    func enormousMessages() throws {
        let interface = try usable(recognise(with(features: 0x0004_00BA, maximumMessage: 0xFFFF_FFFF)))
        #expect(interface.maximumMessageLength == 65_554)
    }

    @Test("voltages: the reader's choice, else 5 V, 1.8 V, 3 V of those it has")
    func voltages() throws {
        #expect(try usable(recognise(with(features: 0x0002_0008))).powerSelections == [.automatic])
        #expect(try usable(recognise(with(features: 0x0002_0000))).powerSelections == [.volts5, .volts1_8, .volts3])
        var only3 = with(features: 0x0002_0000)
        only3[5] = 2
        #expect(try usable(recognise(only3)).powerSelections == [.volts3])
    }

    @Test("quirks: message length, exchange level and PIN pad are corrected for the readers in the table only")
    func quirks() throws {
        let short = with(features: 0x0002_00BA, maximumMessage: 263, pin: 3)
        #expect(try usable(recognise(short, vendorID: 0x04E6, productID: 0x5116)).maximumMessageLength == 271)
        #expect(try usable(recognise(short)).maximumMessageLength == 263)
        let omnikey = try usable(recognise(short, vendorID: 0x076B, productID: 0x3031))
        #expect(omnikey.level == .extendedAPDU && omnikey.descriptor.pinSupport == 0)
        #expect(try usable(recognise(short)).descriptor.pinSupport == 3)
        let extended = with(features: 0x0004_06BA)
        #expect(try usable(recognise(extended, vendorID: 0x0D46, productID: 0x3010)).level == .shortAPDU)
        #expect(try usable(recognise(short, vendorID: 0x046A, productID: 0x00A1, release: 0x0100)).level == .extendedAPDU)
        #expect(try usable(recognise(short, vendorID: 0x046A, productID: 0x00A1, release: 0x0101)).level == .shortAPDU)
    }

    @Test("every quirk says why and where it comes from, and there is one row a reader")
    func quirkTable() {
        for quirk in CCIDQuirks.table { #expect(!quirk.why.isEmpty && !quirk.source.isEmpty && !quirk.effects.isEmpty) }
        #expect(Set(CCIDQuirks.table.map { [$0.vendorID, $0.productID] }).count == CCIDQuirks.table.count)
    }
}
