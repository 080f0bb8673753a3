import USB

/// Receipt printers of USB class 7 that speak ESC/POS.
public struct ESCPOSDriver: DeviceDriver {
    public let name = "escpos"

    public init() {}

    /// An interface of class 7, subclass 1: bidirectional (protocol 2) where the printer offers it. Alternate settings other than 0 would have to
    /// be selected; every receipt printer known has its work in 0.
    struct Interface: Sendable, Hashable {
        var number: UInt8
        var bulkOut: UInt8
        var bulkIn: UInt8?
    }

    static func interface(of device: USBDeviceDescriptor) -> Interface? {
        let effects = ESCPOSQuirk.effects(vendorID: device.vendorID, productID: device.productID)
        for interface in device.configurations.first?.interfaces ?? [] where interface.alternateSetting == 0 {
            let isPrinter = interface.interfaceClass == 7 && interface.interfaceSubclass == 1
            guard isPrinter || (interface.interfaceClass == 0xFF && effects.contains(.vendorClass)) else { continue }
            let bulk = interface.endpoints.filter { $0.transfer == .bulk }
            guard let out = bulk.first(where: { !$0.isIn }) else { continue }
            return Interface(number: interface.number, bulkOut: out.address, bulkIn: bulk.first { $0.isIn }?.address)
        }
        return nil
    }

    public func recognise(_ info: USBDeviceInfo) -> [DeviceDescription] {
        Self.interface(of: info.descriptor) == nil ? [] : [info.description(.printer, driver: name)]
    }

    public func open(_ info: USBDeviceInfo, on bus: any USBBus) async throws(DeviceError) -> any OpenDevice {
        guard let interface = Self.interface(of: info.descriptor) else {
            throw DeviceError(.unsupported, "The device has no printer interface.")
        }
        let device: any USBDevice
        do { device = try await bus.open(info.path) } catch { throw DeviceError(error) }
        let printer = ESCPOSPrinter(
            device, interface: interface, description: info.description(.printer, driver: name),
            effects: ESCPOSQuirk.effects(vendorID: info.descriptor.vendorID, productID: info.descriptor.productID))
        do {
            try await device.claim(interface: interface.number)
            _ = try await printer.portStatus()
        } catch {
            await device.close()
            throw DeviceError(error)
        }
        return printer
    }
}

/// An open printer. Documents are printed one after the other.
final class ESCPOSPrinter: OpenDevice, Printer {
    let device: DeviceDescription
    let columns: Int
    private let usb: any USBDevice
    private let interface: ESCPOSDriver.Interface
    private let hasRealTimeStatus: Bool
    private let turns = Turns()

    /// A printer that has no paper or is offline NAKs; this long is waited for each piece.
    private static let limit: Duration = .seconds(5)
    /// Bytes handed over at once; printers have buffers of 4 KiB and more.
    private static let piece = 1_024

    init(_ usb: any USBDevice, interface: ESCPOSDriver.Interface, description: DeviceDescription, effects: [ESCPOSQuirk.Effect]) {
        self.usb = usb
        self.interface = interface
        device = description
        columns = effects.compactMap { if case .columns(let count) = $0 { count } else { nil } }.first ?? 42
        hasRealTimeStatus = interface.bulkIn != nil && !effects.contains(.noRealTimeStatus)
    }

    var descriptions: [DeviceDescription] { [device] }
    var capabilities: [DeviceCapability] { [.printer(self)] }

    func print(_ document: PrintDocument) async throws(DeviceError) {
        await turns.take()
        defer { turns.pass() }
        let status = try await currentStatus()
        if status.paper == .out { throw DeviceError(.refused, "The printer has no paper.", remedy: "Put a new roll in.") }
        if status.coverOpen { throw DeviceError(.refused, "The printer's cover is open.", remedy: "Close it.") }
        let bytes = ESCPOSDocument.bytes(document, columns: columns)
        var index = 0
        while index < bytes.count {
            let end = min(index + Self.piece, bytes.count)
            do { try await usb.bulkOut(interface.bulkOut, Array(bytes[index..<end]), timeout: Self.limit) } catch {
                if error.code == .stall { try? await usb.clearHalt(interface.bulkOut) }
                if error.code == .timeout {
                    throw DeviceError(.timeout, "The printer stopped in the middle of the receipt.", remedy: "Check paper and cover.")
                }
                throw DeviceError(error)
            }
            index = end
        }
    }

    func status() async throws(DeviceError) -> PrinterStatus {
        await turns.take()
        defer { turns.pass() }
        return try await currentStatus()
    }

    private func currentStatus() async throws(DeviceError) -> PrinterStatus {
        guard hasRealTimeStatus, let bulkIn = interface.bulkIn else {
            do { return ESCPOSStatus.portStatus(try await portStatus()) } catch { throw DeviceError(error) }
        }
        let cause = try await realTime(ESCPOSStatus.offlineCause, bulkIn)
        let paper = try await realTime(ESCPOSStatus.paper, bulkIn)
        return PrinterStatus(paper: ESCPOSStatus.paper(paper), coverOpen: ESCPOSStatus.coverOpen(offlineCause: cause))
    }

    private func realTime(_ number: UInt8, _ bulkIn: UInt8) async throws(DeviceError) -> UInt8 {
        do throws(USBError) {
            try await usb.bulkOut(interface.bulkOut, ESCPOSStatus.request(number), timeout: Self.limit)
            // What a printer said unasked (auto status back, an answer that came late) stands in front.
            for _ in 0..<8 {
                let answer = try await usb.bulkIn(bulkIn, length: 64, timeout: .seconds(2))
                if let status = answer.last(where: ESCPOSStatus.isStatus) { return status }
            }
        } catch {
            if error.code == .stall {
                try? await usb.clearHalt(interface.bulkOut)
                try? await usb.clearHalt(bulkIn)
            }
            throw DeviceError(error)
        }
        throw DeviceError(.protocolViolation, "The printer does not tell its status.")
    }

    /// GET_PORT_STATUS (printer class 1.1, 4.2.2).
    func portStatus() async throws(USBError) -> UInt8 {
        let setup = USBSetup(requestType: 0xA1, request: 1, value: 0, index: UInt16(interface.number), length: 1)
        guard let byte = try await usb.control(setup, data: [], timeout: Self.limit).first else {
            throw USBError(.io, "The printer answers its port status with nothing.")
        }
        return byte
    }

    /// A printer says nothing by itself, so its going is noticed by asking.
    func run() async -> DeviceError {
        while (try? await Task.sleep(for: .seconds(5))) != nil {
            do { _ = try await portStatus() } catch {
                switch error.code {
                case .noDevice, .closed, .notFound: return DeviceError(error)
                default: continue
                }
            }
        }
        return DeviceError(.cancelled, "the printer is no longer followed")
    }

    func close() async { await usb.close() }
}
