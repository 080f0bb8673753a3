/// A device descriptor with its configurations (USB 2.0, 9.6).
public struct USBDeviceDescriptor: Sendable, Hashable {
    public var vendorID: UInt16
    public var productID: UInt16
    /// bcdDevice, the firmware's release number.
    public var release: UInt16
    /// The release number as people write it: 0x0105 is 1.05.
    public var releaseText: String {
        let low = String(release & 0xFF, radix: 16, uppercase: true)
        return String(release >> 8, radix: 16) + (low.count == 1 ? ".0" : ".") + low
    }
    public var deviceClass: UInt8
    public var deviceSubclass: UInt8
    public var deviceProtocol: UInt8
    public var configurations: [USBConfigurationDescriptor]

    public init(
        vendorID: UInt16, productID: UInt16, release: UInt16, deviceClass: UInt8 = 0, deviceSubclass: UInt8 = 0, deviceProtocol: UInt8 = 0,
        configurations: [USBConfigurationDescriptor]
    ) {
        self.vendorID = vendorID
        self.productID = productID
        self.release = release
        self.deviceClass = deviceClass
        self.deviceSubclass = deviceSubclass
        self.deviceProtocol = deviceProtocol
        self.configurations = configurations
    }
}

public struct USBConfigurationDescriptor: Sendable, Hashable {
    public var value: UInt8
    public var interfaces: [USBInterfaceDescriptor]
    /// Descriptors between the configuration's own and the first interface (an interface association, for one), as bytes.
    public var extra: [UInt8]

    public init(value: UInt8, interfaces: [USBInterfaceDescriptor], extra: [UInt8] = []) {
        self.value = value
        self.interfaces = interfaces
        self.extra = extra
    }
}

public struct USBInterfaceDescriptor: Sendable, Hashable {
    public var number: UInt8
    public var alternateSetting: UInt8
    public var interfaceClass: UInt8
    public var interfaceSubclass: UInt8
    public var interfaceProtocol: UInt8
    public var endpoints: [USBEndpointDescriptor]
    /// Class- and vendor-specific descriptors that follow the interface descriptor, as bytes.
    public var extra: [UInt8]

    public init(
        number: UInt8, alternateSetting: UInt8 = 0, interfaceClass: UInt8, interfaceSubclass: UInt8 = 0, interfaceProtocol: UInt8 = 0,
        endpoints: [USBEndpointDescriptor], extra: [UInt8] = []
    ) {
        self.number = number
        self.alternateSetting = alternateSetting
        self.interfaceClass = interfaceClass
        self.interfaceSubclass = interfaceSubclass
        self.interfaceProtocol = interfaceProtocol
        self.endpoints = endpoints
        self.extra = extra
    }
}

public struct USBEndpointDescriptor: Sendable, Hashable {
    public enum Transfer: UInt8, Sendable { case control, isochronous, bulk, interrupt }

    /// bEndpointAddress; bit 7 is IN.
    public var address: UInt8
    public var transfer: Transfer
    /// Bytes; the low eleven bits of wMaxPacketSize.
    public var maxPacketSize: UInt16
    public var interval: UInt8
    public var extra: [UInt8]

    public init(address: UInt8, transfer: Transfer, maxPacketSize: UInt16, interval: UInt8 = 0, extra: [UInt8] = []) {
        self.address = address
        self.transfer = transfer
        self.maxPacketSize = maxPacketSize
        self.interval = interval
        self.extra = extra
    }

    public var isIn: Bool { address & 0x80 != 0 }
}
