import USB

/// A CCID interface of a device as its descriptors show it: where to talk and on what terms. Nothing has been opened for it.
struct CCIDInterface: Sendable, Hashable {
    var number: UInt8
    var bulkOut: UInt8
    var bulkIn: UInt8
    /// Slot-change notifications; without it the slots are polled.
    var interruptIn: UInt8?
    var descriptor: CCIDClassDescriptor
    var level: CCIDExchangeLevel
    var maximumPacketSize: Int
    var pinHabits = CCIDPINHabits()
    /// A pad with functions beyond CCID.
    var pad: CCIDQuirk.Pad?
    var parametersMayFail = false

    enum Recognition: Sendable, Hashable {
        case usable(CCIDInterface)
        /// A CCID reader that this driver cannot serve, and why.
        case unusable(interface: UInt8, finding: String)
    }

    /// All CCID interfaces of the first configuration (Linux selects that one).
    static func recognise(_ device: USBDeviceDescriptor) -> [Recognition] {
        guard let configuration = device.configurations.first else { return [] }
        return configuration.interfaces.compactMap { interface in
            guard interface.alternateSetting == 0 else { return nil }
            return recognise(interface, of: device)
        }
    }

    private static func recognise(_ interface: USBInterfaceDescriptor, of device: USBDeviceDescriptor) -> Recognition? {
        let vendorClass = interface.interfaceClass == 0xFF
        guard interface.interfaceClass == 0x0B || vendorClass else { return nil }
        func unusable(_ finding: String) -> Recognition { .unusable(interface: interface.number, finding: finding) }

        if !vendorClass, interface.interfaceProtocol != 0 {
            return unusable(
                "The reader speaks ICCD over control transfers (bInterfaceProtocol \(interface.interfaceProtocol)), which is not supported."
            )
        }
        var search = CCIDClassDescriptor.search(interface.extra, vendorClass: vendorClass)
        // Some readers (O2Micro OZ776) put it behind the last endpoint.
        if search == .absent, let last = interface.endpoints.last {
            search = CCIDClassDescriptor.search(last.extra, vendorClass: vendorClass)
        }
        let found: CCIDClassDescriptor
        switch search {
        case .found(let descriptor): found = descriptor
        case .absent: return vendorClass ? nil : unusable("The reader has no CCID class descriptor.")
        case .malformed(let what): return unusable("The reader's CCID class descriptor is malformed: \(what).")
        }
        let bulk = interface.endpoints.filter { $0.transfer == .bulk }
        guard let bulkOut = bulk.first(where: { !$0.isIn }), let bulkIn = bulk.first(where: { $0.isIn }) else {
            return vendorClass ? nil : unusable("The reader lacks a bulk endpoint.")
        }
        let corrected = CCIDQuirks.correct(found, vendorID: device.vendorID, productID: device.productID, release: device.release)
        let descriptor = corrected.descriptor
        guard let level = corrected.level else { return unusable("The reader announces more than one exchange level.") }
        // Header and the shortest APDU with data; less carries nothing.
        guard descriptor.maximumMessageLength >= 16 else {
            return unusable("The reader announces messages of \(descriptor.maximumMessageLength) bytes, too short for a command.")
        }
        return .usable(
            CCIDInterface(
                number: interface.number, bulkOut: bulkOut.address, bulkIn: bulkIn.address,
                interruptIn: interface.endpoints.first { $0.transfer == .interrupt && $0.isIn }?.address, descriptor: descriptor,
                level: level,
                maximumPacketSize: max(8, Int(bulkIn.maxPacketSize)), pinHabits: corrected.pinHabits,
                pad: corrected.pad,
                parametersMayFail: corrected.parametersMayFail))
    }

    /// Header and the longest data field the standard knows; what a reader announces beyond is not believed.
    private static let longestMessage = 65_554

    var maximumMessageLength: Int { min(Int(descriptor.maximumMessageLength), Self.longestMessage) }

    /// What to ask a bulk-IN transfer for: whole packets, and one more than the longest answer, so that it ends with a short packet and a
    /// longer one is noticed instead of overflowing.
    var readLength: Int {
        let packets = (max(maximumMessageLength, 271) + maximumPacketSize) / maximumPacketSize + 1
        return packets * maximumPacketSize
    }

    var slotCount: Int { Int(descriptor.maximumSlotIndex) + 1 }

    /// Voltages in the order of trying: the reader's own choice where it makes one, else 5 V, 1.8 V, 3 V.
    var powerSelections: [CCIDPowerSelect] {
        if descriptor.features.contains(.automaticVoltage) { return [.automatic] }
        let order: [(CCIDVoltages, CCIDPowerSelect)] = [(.volts5, .volts5), (.volts1_8, .volts1_8), (.volts3, .volts3)]
        return order.filter { descriptor.voltages.contains($0.0) }.map(\.1)
    }
}
