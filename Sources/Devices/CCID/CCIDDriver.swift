import USB

/// Contact chip readers of USB class 0x0B (CCID), and those of vendor class that have a CCID class descriptor.
public struct CCIDDriver: DeviceDriver {
    public let name = "ccid"
    private let timing: CCIDTiming
    private let clock: any Clock<Duration>
    private let negotiatesRates: Bool

    /// - Parameters:
    ///   - clock: times polling and pauses; the transfers' time limits are the bus's.
    ///   - negotiatesRates: asks each card for the rates that it offers, where the reader can do them; else the default rates stay.
    public init(timing: CCIDTiming = CCIDTiming(), clock: any Clock<Duration> = ContinuousClock(), negotiatesRates: Bool = false) {
        self.timing = timing
        self.clock = clock
        self.negotiatesRates = negotiatesRates
    }

    public func recognise(_ info: USBDeviceInfo) -> [DeviceDescription] {
        CCIDInterface.recognise(info.descriptor).flatMap { recognition in
            switch recognition {
            case .usable(let interface): [description(info, .ready)] + pads(interface, info)
            case .unusable(_, let finding): [description(info, .fault, finding)]
            }
        }
    }

    public func open(_ info: USBDeviceInfo, on bus: any USBBus) async throws(DeviceError) -> any OpenDevice {
        let device: any USBDevice
        do { device = try await bus.open(info.path) } catch { throw DeviceError(error) }
        var descriptions: [DeviceDescription] = []
        var slots: [DeviceCapability] = []
        var readers: [CCIDReader] = []
        for recognition in CCIDInterface.recognise(info.descriptor) {
            switch recognition {
            case .unusable(_, let finding): descriptions.append(description(info, .fault, finding))
            case .usable(let interface):
                let reader = CCIDReader(device, interface: interface, timing: timing, clock: clock, negotiatesRates: negotiatesRates)
                do {
                    try await reader.start()
                } catch {
                    await device.close()
                    throw error
                }
                readers.append(reader)
                for index in 0..<interface.slotCount {
                    var slot = description(info, .ready)
                    if interface.slotCount > 1 { slot.model += " (slot \(index + 1))" }
                    descriptions.append(slot)
                    slots.append(.chip(CCIDSlot(device: slot, reader: reader, index: index)))
                }
                for pad in pads(interface, info) {
                    descriptions.append(pad)
                    slots.append(.pinpad(LabPINPad(device: pad, reader: reader)))
                }
            }
        }
        return CCIDDevice(device: device, readers: readers, descriptions: descriptions, capabilities: slots)
    }

    private func pads(_ interface: CCIDInterface, _ info: USBDeviceInfo) -> [DeviceDescription] {
        guard interface.pad == .lab else { return [] }
        var pad = description(info, .ready)
        pad.kind = .pinpad
        return [pad]
    }

    private func description(_ info: USBDeviceInfo, _ state: DeviceDescription.State, _ finding: String? = nil) -> DeviceDescription {
        DeviceDescription(
            kind: .chip, model: info.model, serialNumber: info.serialNumber, vendorID: info.descriptor.vendorID,
            productID: info.descriptor.productID, path: info.path, driver: name, state: state, finding: finding)
    }
}

/// A device with one or more CCID interfaces, open.
private struct CCIDDevice: OpenDevice {
    let device: any USBDevice
    let readers: [CCIDReader]
    let descriptions: [DeviceDescription]
    let capabilities: [DeviceCapability]

    func run() async -> DeviceError {
        await withTaskGroup(of: DeviceError.self) { group in
            for reader in readers { group.addTask { await reader.run() } }
            let end = await group.next() ?? DeviceError(.unsupported, "the device has no usable interface")
            group.cancelAll()
            return end
        }
    }

    func close() async {
        for reader in readers { await reader.close() }
        await device.close()
    }
}
