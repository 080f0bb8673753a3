extension USBDeviceDescriptor {
    /// The device descriptor (18 bytes, USB 2.0, 9.6.1) as the device sends it.
    /// - Parameters:
    ///   - usbRelease: bcdUSB.
    ///   - maxPacketSize0: bMaxPacketSize0.
    ///   - manufacturer: index of the string descriptor, 0 for none; `product` and `serialNumber` likewise.
    public func deviceBytes(
        usbRelease: UInt16 = 0x0200, maxPacketSize0: UInt8 = 64, manufacturer: UInt8 = 0, product: UInt8 = 0, serialNumber: UInt8 = 0
    ) -> [UInt8] {
        [18, DescriptorType.device] + usbRelease.littleEndianBytes + [deviceClass, deviceSubclass, deviceProtocol, maxPacketSize0]
            + vendorID.littleEndianBytes + productID.littleEndianBytes + release.littleEndianBytes
            + [manufacturer, product, serialNumber, UInt8(clamping: configurations.count)]
    }

    /// Device descriptor and configurations laid end to end, as `init(parsing:)` reads them.
    public var bytes: [UInt8] { deviceBytes() + configurations.flatMap { $0.bytes() } }
}

extension USBConfigurationDescriptor {
    /// The configuration descriptor with everything behind it (wTotalLength bytes, USB 2.0, 9.6.3).
    /// - Parameters:
    ///   - attributes: bmAttributes; bit 7 is always set.
    ///   - maxPower: bMaxPower, in units of 2 mA.
    public func bytes(attributes: UInt8 = 0x80, maxPower: UInt8 = 50) -> [UInt8] {
        let body = extra + interfaces.flatMap(\.bytes)
        return [9, DescriptorType.configuration] + UInt16(clamping: 9 + body.count).littleEndianBytes
            + [UInt8(clamping: Set(interfaces.map(\.number)).count), value, 0, attributes | 0x80, maxPower] + body
    }
}

extension USBInterfaceDescriptor {
    fileprivate var bytes: [UInt8] {
        [
            9, DescriptorType.interface, number, alternateSetting, UInt8(clamping: endpoints.count), interfaceClass, interfaceSubclass,
            interfaceProtocol, 0,
        ] + extra + endpoints.flatMap(\.bytes)
    }
}

extension USBEndpointDescriptor {
    fileprivate var bytes: [UInt8] {
        [7, DescriptorType.endpoint, address, transfer.rawValue] + maxPacketSize.littleEndianBytes + [interval] + extra
    }
}

extension UInt16 {
    fileprivate var littleEndianBytes: [UInt8] { [UInt8(truncatingIfNeeded: self), UInt8(truncatingIfNeeded: self >> 8)] }
}
