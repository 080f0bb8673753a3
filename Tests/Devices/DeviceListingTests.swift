import SmartCard
import Testing
import USB

@testable import Devices

private struct FakeReader: ChipReader {
    var device: DeviceDescription
    func cardPresence() -> AsyncStream<CardPresence> { AsyncStream { $0.finish() } }
    func powerOn() async throws(DeviceError) -> [UInt8] { [] }
    func powerOff() async {}
    func transmit(_ command: CommandAPDU) async throws(DeviceError) -> ResponseAPDU { ResponseAPDU(status: .success) }
}

private func reader(_ path: String, serial: String?, state: DeviceDescription.State = .ready, productID: UInt16 = 2) -> DeviceDescription {
    DeviceDescription(
        kind: .chip, model: "R\(serial ?? "")", serialNumber: serial, vendorID: 1, productID: productID, path: USBBusPath(path),
        driver: "d",
        state: state)
}

private func key(_ path: String, bus: Int = 0) -> DeviceListing.Key { .init(bus: bus, path: USBBusPath(path), driver: "d") }

extension DeviceListing {
    fileprivate mutating func list(_ path: String, serial: String?, bus: Int = 0) -> [Action] {
        let device = reader(path, serial: serial)
        return on(.listed(key(path, bus: bus), [device], [.chip(FakeReader(device: device))]))
    }
}

private func changes(_ actions: [DeviceListing.Action]) -> [DeviceChange] {
    actions.compactMap { if case .tell(let change) = $0 { change } else { nil } }
}

/// The serial number of the reader put into service; `.some(nil)` when there is none any more.
private func service(_ actions: [DeviceListing.Action]) -> String?? {
    for case .inService(.chip, let reader) in actions { return .some(reader?.device.serialNumber) }
    return nil
}

@Suite("Device listing")
struct DeviceListingTests {
    @Test("the first ready reader is in service and stays it while others come")
    func sticky() {
        var listing = DeviceListing(roles: DeviceRoles())
        #expect(service(listing.list("2-1", serial: "B")) == "B")
        #expect(service(listing.list("1-1", serial: "A")) == nil)
        #expect(listing.inService(.chip)?.device.serialNumber == "B")
        #expect(listing.devices.map(\.serialNumber) == ["A", "B"])
        #expect(service(listing.on(.unplugged(key("2-1")))) == "A")
        #expect(service(listing.on(.unplugged(key("1-1")))) == .some(nil))
    }

    @Test("a reader that comes back is another one")
    func replugged() {
        var listing = DeviceListing(roles: DeviceRoles())
        _ = listing.list("1-1", serial: "A")
        #expect(service(listing.on(.unplugged(key("1-1")))) == .some(nil))
        #expect(service(listing.list("1-1", serial: "A")) == "A")
        // Without a detach between, too.
        #expect(service(listing.list("1-1", serial: "A")) == "A")
    }

    @Test("an unplugged device stays listed as absent until it comes back, wherever, or another takes its place")
    func absent() {
        var listing = DeviceListing(roles: DeviceRoles())
        _ = listing.list("1-1", serial: "A")
        let left = changes(listing.on(.unplugged(key("1-1"))))
        #expect(left.map(\.device.state) == [.absent])
        #expect(listing.devices.map(\.state) == [.absent])
        #expect(changes(listing.on(.unplugged(key("1-1")))).isEmpty)
        #expect(changes(listing.list("1-2", serial: "A")) == [.arrived(reader("1-2", serial: "A"))])
        #expect(listing.devices == [reader("1-2", serial: "A")])
        _ = listing.on(.unplugged(key("1-2")))
        _ = listing.list("1-2", serial: "C")
        #expect(listing.devices == [reader("1-2", serial: "C")])
    }

    @Test("the memory of absent devices is bounded")
    func bounded() {
        var listing = DeviceListing(roles: DeviceRoles())
        for number in 0..<1000 {
            _ = listing.list("1-\(number)", serial: "\(number)")
            _ = listing.on(.unplugged(key("1-\(number)")))
        }
        #expect(listing.devices.count == DeviceListing.maximumAbsent)
        #expect(listing.devices.contains { $0.serialNumber == "999" })
    }

    @Test("a device that changes while it is plugged in is told as changed, and only if it did")
    func changed() {
        var listing = DeviceListing(roles: DeviceRoles())
        _ = listing.list("1-1", serial: "A")
        var broken = reader("1-1", serial: "A", state: .fault)
        broken.finding = "broken"
        let actions = listing.on(.listed(key("1-1"), [broken], []))
        #expect(changes(actions) == [.changed(broken)])
        #expect(service(actions) == .some(nil))
        #expect(changes(listing.on(.listed(key("1-1"), [broken], []))).isEmpty)
    }

    @Test("the configuration pins the chip reader to a port or a serial number; one that is missing is listed as absent")
    func pinned() {
        var byPath = DeviceListing(roles: DeviceRoles([.chip: .path(USBBusPath("1-2"))]))
        #expect(service(byPath.list("1-1", serial: "A")) == nil)
        #expect(byPath.devices.map(\.state) == [.ready, .absent])
        #expect(byPath.devices.last?.finding?.contains("port 1-2") == true)
        #expect(service(byPath.list("1-2", serial: "B")) == "B")
        #expect(byPath.devices.map(\.state) == [.ready, .ready])

        var bySerial = DeviceListing(roles: DeviceRoles([.chip: .serialNumber("B")]))
        #expect(service(bySerial.list("1-1", serial: "A")) == nil)
        #expect(service(bySerial.list("1-2", serial: "B")) == "B")
        #expect(service(bySerial.on(.unplugged(key("1-2")))) == .some(nil))
        #expect(service(bySerial.list("3-1", serial: "B")) == "B")
    }

    @Test("the same port on two buses is two places")
    func twoBuses() {
        var listing = DeviceListing(roles: DeviceRoles())
        _ = listing.list("1-1", serial: "A", bus: 0)
        _ = listing.list("1-1", serial: "B", bus: 1)
        #expect(listing.devices.map(\.serialNumber) == ["A", "B"])
        #expect(service(listing.on(.unplugged(key("1-1", bus: 0)))) == "B")
    }
}

private struct FakePrinter: Printer {
    var device: DeviceDescription
    let columns = 42
    func print(_ document: PrintDocument) async throws(DeviceError) {}
    func status() async throws(DeviceError) -> PrinterStatus { PrinterStatus(paper: .present, coverOpen: false) }
}

private struct FakeStripe: StripeReader {
    var device: DeviceDescription
    func swipes() -> AsyncStream<StripeRead> { AsyncStream { $0.finish() } }
}

@Suite("Device listing of several kinds")
struct DeviceKindsTests {
    private func device(_ kind: DeviceDescription.Kind, _ path: String, _ serial: String) -> DeviceDescription {
        var device = reader(path, serial: serial)
        device.kind = kind
        return device
    }

    private func kinds(_ actions: [DeviceListing.Action]) -> [DeviceCapability.Purpose] {
        actions.compactMap { if case .inService(let purpose, _) = $0 { purpose } else { nil } }
    }

    @Test("each kind has its own device in service; one device can be several")
    func kinds() {
        var listing = DeviceListing(roles: DeviceRoles())
        let stripe = device(.stripe, "1-1", "A")
        let chip = device(.chip, "1-1", "A")
        let both = listing.on(.listed(key("1-1"), [stripe, chip], [.stripe(FakeStripe(device: stripe)), .chip(FakeReader(device: chip))]))
        #expect(Set(kinds(both)) == [.chip, .stripe])
        let printer = device(.printer, "1-2", "P")
        #expect(kinds(listing.on(.listed(key("1-2"), [printer], [.printer(FakePrinter(device: printer))]))) == [.printer])
        #expect(listing.inService(.stripe)?.device == stripe)
        #expect(listing.inService(.printer)?.device == printer)
        #expect(listing.inService(.contactless) == nil)
        #expect(kinds(listing.on(.unplugged(key("1-2")))) == [.printer])
        #expect(Set(kinds(listing.on(.closed))) == [.chip, .stripe])
    }

    @Test("card numbers are typed at the first pad that can, whichever takes the PINs; a pad that is not the configured one is no such pad")
    func keypads() {
        struct Pad: PINPad, CardKeypad {
            var device: DeviceDescription
            func enterOnlinePIN(_ request: PINEntryRequest) async throws(DeviceError) -> PINEntry { .cancelled }
            func enterCard(seconds: Int) async throws(DeviceError) -> KeyedCard { .cancelled }
        }
        let (first, second) = (Pad(device: device(.pinpad, "1-1", "A")), Pad(device: device(.pinpad, "1-2", "B")))
        var listing = DeviceListing(roles: DeviceRoles())
        #expect(kinds(listing.on(.listed(key("1-1"), [first.device], [.pinpad(first)]))) == [.pinpad])
        #expect(kinds(listing.on(.listed(key("1-2"), [second.device], [.pinpad(second), .keypad(second)]))) == [.keypad])
        #expect(listing.inService(.pinpad)?.device == first.device)
        #expect(listing.inService(.keypad)?.device == second.device)
        #expect(kinds(listing.on(.unplugged(key("1-2")))) == [.keypad])
        var pinned = DeviceListing(roles: DeviceRoles([.pinpad: .serialNumber("A")]))
        #expect(kinds(pinned.on(.listed(key("1-2"), [second.device], [.pinpad(second), .keypad(second)]))).isEmpty)
    }

    @Test("a pin of one kind is nothing to the others; what is missing is listed by its kind")
    func pinned() {
        var listing = DeviceListing(roles: DeviceRoles([.stripe: .serialNumber("B"), .printer: .path(USBBusPath("9-9"))]))
        let first = device(.stripe, "1-1", "A")
        #expect(kinds(listing.on(.listed(key("1-1"), [first], [.stripe(FakeStripe(device: first))]))).isEmpty)
        #expect(listing.devices.map(\.kind) == [.stripe, .stripe, .printer])
        #expect(listing.devices.last?.finding?.contains("printer with port 9-9") == true)
        let second = device(.stripe, "1-2", "B")
        #expect(kinds(listing.on(.listed(key("1-2"), [second], [.stripe(FakeStripe(device: second))]))) == [.stripe])
        #expect(service(listing.list("1-3", serial: "C")) == "C")
    }
}
