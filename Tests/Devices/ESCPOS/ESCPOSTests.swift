import Lab
import Synchronization
import Testing
import USB

@testable import Devices

@Suite("ESC/POS printer", .timeLimit(.minutes(1)))
struct ESCPOSTests {
    private func bench(_ printer: VirtualPrinter) async throws -> (MemoryBus, any OpenDevice, ESCPOSPrinter) {
        let bus = MemoryBus()
        let info = try bus.plug(printer, at: Bench.port)
        #expect(ESCPOSDriver().recognise(info).map(\.kind) == [.printer])
        let device = try await ESCPOSDriver().open(info, on: bus)
        guard case .printer(let found)? = device.capabilities.first, let driver = found as? ESCPOSPrinter else {
            throw DeviceError(.unsupported, "no printer")
        }
        return (bus, device, driver)
    }

    @Test("a document is printed, aligned, wrapped and cut, as often as asked for")
    func prints() async throws {
        let virtual = VirtualPrinter()
        let (bus, device, printer) = try await bench(virtual)
        try await printer.print(
            PrintDocument(
                lines: [
                    .init("SHOP", alignment: .center, double: true), .init("TOTAL 1.00", bold: true), .init("right", alignment: .right),
                    .init(String(repeating: "x", count: 50)), .init("5 € ☃\u{1B}"),
                ], copies: 2))
        #expect(virtual.receipts.count == 2)
        let lines = try #require(virtual.receipts.first).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0] == "        SHOP")
        #expect(lines[1] == "TOTAL 1.00")
        #expect(lines[2].hasSuffix("right") && lines[2].count == 42)
        #expect(lines[3].count == 42 && lines[4] == "xxxxxxxx")
        #expect(lines[5] == "5 € ??")
        await device.close()
        await bus.close()
    }

    @Test("paper and cover are told, and stop a receipt before it begins")
    func status() async throws {
        let virtual = VirtualPrinter()
        let (bus, device, printer) = try await bench(virtual)
        #expect(try await printer.status() == PrinterStatus(paper: .present, coverOpen: false))
        virtual.setPaper(.low)
        #expect(try await printer.status() == PrinterStatus(paper: .low, coverOpen: false))
        virtual.setPaper(.out)
        #expect(try await printer.status().paper == .out)
        let document = PrintDocument(lines: [.init("A")])
        #expect(await errorCode { () throws(DeviceError) in try await printer.print(document) } == .refused)
        virtual.setPaper(.present)
        virtual.setCover(open: true)
        #expect(try await printer.status().coverOpen)
        #expect(await errorCode { () throws(DeviceError) in try await printer.print(document) } == .refused)
        virtual.setCover(open: false)
        try await printer.print(document)
        #expect(virtual.receipts == ["A\n"])
        await device.close()
        await bus.close()
    }

    @Test("a stalled or unplugged printer fails and is told")
    func faults() async throws {
        let virtual = VirtualPrinter()
        let (bus, device, printer) = try await bench(virtual)
        try bus.inject(.stall(endpoint: 1), at: Bench.port)
        #expect(await errorCode { () throws(DeviceError) in try await printer.status() } == .refused)
        try await printer.print(PrintDocument(lines: [.init("B")]))
        #expect(virtual.receipts == ["B\n"])
        bus.unplug(Bench.port)
        #expect(await errorCode { () throws(DeviceError) in try await printer.status() } == .deviceGone)
        await device.close()
        await bus.close()
    }

    @Test("real-time status bytes of the reference: 1A, 32, 7E")
    func reference() {
        #expect([0x1A, 0x32, 0x7E, 0x12].allSatisfy { ESCPOSStatus.isStatus($0) })
        #expect(!ESCPOSStatus.isStatus(0x41))
        #expect(ESCPOSStatus.paper(0x7E) == .out)
        #expect(ESCPOSStatus.paper(0x1E) == .low)
        #expect(ESCPOSStatus.paper(0x12) == .present)
        #expect(ESCPOSStatus.coverOpen(offlineCause: 0x36))
        #expect(ESCPOSStatus.portStatus(0x30).paper == .out)
    }

    @Test("an interface without bulk OUT, or of another class, is no printer")
    func recognition() {
        func info(_ interfaceClass: UInt8, _ endpoints: [USBEndpointDescriptor]) -> USBDeviceInfo {
            USBDeviceInfo(
                path: Bench.port,
                descriptor: USBDeviceDescriptor(
                    vendorID: 1, productID: 2, release: 0,
                    configurations: [
                        USBConfigurationDescriptor(
                            value: 1,
                            interfaces: [
                                USBInterfaceDescriptor(
                                    number: 0, interfaceClass: interfaceClass, interfaceSubclass: 1, endpoints: endpoints)
                            ])
                    ]))
        }
        let out = USBEndpointDescriptor(address: 1, transfer: .bulk, maxPacketSize: 64)
        let input = USBEndpointDescriptor(address: 0x82, transfer: .bulk, maxPacketSize: 64)
        #expect(ESCPOSDriver().recognise(info(7, [out])).count == 1)
        #expect(ESCPOSDriver().recognise(info(7, [input])).isEmpty)
        #expect(ESCPOSDriver().recognise(info(0xFF, [out, input])).isEmpty)
    }
}
