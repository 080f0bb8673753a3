import USB

/// A HID interface of a device as its descriptors show it (HID 1.11, 6.2.1 and 7.2).
struct HIDInterface: Sendable, Hashable {
    var number: UInt8
    var interruptIn: UInt8
    var maximumPacketSize: Int
    /// wDescriptorLength of the report descriptor.
    var reportDescriptorLength: UInt16

    /// The first HID interface with an interrupt IN endpoint. Boot keyboards and mice (subclass 1) are not what drivers here look for.
    static func find(in device: USBDeviceDescriptor) -> HIDInterface? {
        guard let configuration = device.configurations.first else { return nil }
        for interface in configuration.interfaces where interface.interfaceClass == 3 && interface.alternateSetting == 0 {
            guard interface.interfaceSubclass == 0,
                let endpoint = interface.endpoints.first(where: { $0.transfer == .interrupt && $0.isIn }),
                let length = reportDescriptorLength(interface.extra)
            else { continue }
            return HIDInterface(
                number: interface.number, interruptIn: endpoint.address, maximumPacketSize: max(1, Int(endpoint.maxPacketSize)),
                reportDescriptorLength: length)
        }
        return nil
    }

    private static func reportDescriptorLength(_ extra: [UInt8]) -> UInt16? {
        var index = 0
        while index + 2 <= extra.count, extra[index] >= 2 {
            let length = Int(extra[index])
            // HID descriptor: bNumDescriptors pairs of type and length from byte 6 on.
            if extra[index + 1] == 0x21, length >= 9, index + 9 <= extra.count, extra[index + 6] == 0x22 {
                return UInt16(extra[index + 7]) | UInt16(extra[index + 8]) << 8
            }
            index += length
        }
        return nil
    }
}
