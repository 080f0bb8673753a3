extension USBDeviceDescriptor {
    /// Parses a device descriptor (18 bytes) with its configuration descriptors behind it, each `wTotalLength` bytes long: the form of sysfs'
    /// `descriptors` attribute (USB 2.0, 9.6.1 and 9.6.3). Throws `.malformedDescriptor` with what is wrong and at which byte.
    public init(parsing bytes: [UInt8]) throws(USBError) {
        var cursor = DescriptorCursor(bytes)
        let device = try cursor.next(DescriptorType.device, minimum: 18, name: "device descriptor")
        var configurations: [USBConfigurationDescriptor] = []
        while !cursor.isAtEnd {
            configurations.append(try USBConfigurationDescriptor(parsing: &cursor))
        }
        self.init(
            vendorID: device.word(8), productID: device.word(10), release: device.word(12), deviceClass: device[4],
            deviceSubclass: device[5],
            deviceProtocol: device[6], configurations: configurations)
    }
}

/// bDescriptorType (USB 2.0, table 9-5).
package enum DescriptorType {
    package static let device: UInt8 = 1
    package static let configuration: UInt8 = 2
    package static let string: UInt8 = 3
    package static let interface: UInt8 = 4
    package static let endpoint: UInt8 = 5
}

extension USBConfigurationDescriptor {
    /// Takes one configuration with everything behind it.
    fileprivate init(parsing cursor: inout DescriptorCursor) throws(USBError) {
        let start = cursor.offset
        let head = try cursor.next(DescriptorType.configuration, minimum: 9, name: "configuration descriptor")
        let total = Int(head.word(2))
        guard total >= head.count else {
            throw .malformed("wTotalLength \(total) is shorter than the configuration descriptor itself", at: start)
        }
        let end = start + total
        guard end <= cursor.bytes.count else {
            throw .malformed("wTotalLength \(total) reaches \(end - cursor.bytes.count) bytes past the end", at: start)
        }
        self.init(value: head[5], interfaces: [])
        while cursor.offset < end {
            let offset = cursor.offset
            let descriptor = try cursor.next(before: end)
            try take(descriptor, at: offset)
        }
    }

    /// Interfaces and endpoints come in the order of the tree; anything else belongs to what stands before it (USB 2.0, 9.4.3).
    private mutating func take(_ descriptor: Descriptor, at offset: Int) throws(USBError) {
        let last = interfaces.count - 1
        switch descriptor.type {
        case DescriptorType.interface:
            try descriptor.require(9, "interface descriptor", at: offset)
            interfaces.append(
                USBInterfaceDescriptor(
                    number: descriptor[2], alternateSetting: descriptor[3], interfaceClass: descriptor[5], interfaceSubclass: descriptor[6],
                    interfaceProtocol: descriptor[7], endpoints: []))
        case DescriptorType.endpoint:
            try descriptor.require(7, "endpoint descriptor", at: offset)
            guard last >= 0 else { throw .malformed("endpoint descriptor before any interface", at: offset) }
            // bmAttributes bits 0–1; wMaxPacketSize bits 0–10, the bits above count transactions per microframe (9.6.6).
            interfaces[last].endpoints.append(
                USBEndpointDescriptor(
                    address: descriptor[2], transfer: .init(rawValue: descriptor[3] & 0x03) ?? .control,
                    maxPacketSize: descriptor.word(4) & 0x07FF, interval: descriptor[6]))
        case DescriptorType.device, DescriptorType.configuration:
            throw .malformed("descriptor of type \(descriptor.type) inside a configuration", at: offset)
        default:
            guard last >= 0 else {
                extra += descriptor.bytes
                return
            }
            let endpoint = interfaces[last].endpoints.count - 1
            if endpoint >= 0 {
                interfaces[last].endpoints[endpoint].extra += descriptor.bytes
            } else {
                interfaces[last].extra += descriptor.bytes
            }
        }
    }
}

/// One descriptor: bLength, bDescriptorType, and bLength - 2 bytes more.
private struct Descriptor {
    let bytes: ArraySlice<UInt8>

    var count: Int { bytes.count }
    var type: UInt8 { self[1] }

    /// The byte at `index`, counted from bLength; zero past the end, which `require` rules out.
    subscript(index: Int) -> UInt8 { index < bytes.count ? bytes[bytes.startIndex + index] : 0 }

    func word(_ index: Int) -> UInt16 { UInt16(self[index]) | UInt16(self[index + 1]) << 8 }

    func require(_ minimum: Int, _ name: String, at offset: Int) throws(USBError) {
        guard count >= minimum else { throw .malformed("\(name) of \(count) bytes, at least \(minimum) expected", at: offset) }
    }
}

/// Walks over descriptors laid end to end.
private struct DescriptorCursor {
    let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func next(before end: Int) throws(USBError) -> Descriptor {
        guard end - offset >= 2 else { throw .malformed("\(end - offset) bytes left over, too few for a descriptor", at: offset) }
        let length = Int(bytes[offset])
        guard length >= 2 else { throw .malformed("bLength is \(length), at least 2 expected", at: offset) }
        guard length <= end - offset else {
            throw .malformed("bLength is \(length), but only \(end - offset) bytes are there", at: offset)
        }
        defer { offset += length }
        return Descriptor(bytes: bytes[offset..<(offset + length)])
    }

    mutating func next(_ type: UInt8, minimum: Int, name: String) throws(USBError) -> Descriptor {
        guard !isAtEnd else { throw .malformed("\(name) missing", at: offset) }
        let start = offset
        let descriptor = try next(before: bytes.count)
        guard descriptor.type == type else {
            throw .malformed("bDescriptorType is \(descriptor.type) where a \(name) was expected", at: start)
        }
        try descriptor.require(minimum, name, at: start)
        return descriptor
    }
}

extension USBError {
    fileprivate static func malformed(_ what: String, at offset: Int) -> USBError {
        USBError(.malformedDescriptor, "USB descriptors, byte \(offset): \(what).")
    }
}
