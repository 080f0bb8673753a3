/// The CCID class descriptor (CCID 1.10, 5.1): 54 bytes that say what the reader can do. Multi-byte values are little endian on the wire.
struct CCIDClassDescriptor: Sendable, Hashable {
    /// Bytes of the descriptor, bLength included.
    static let length = 54

    /// bcdCCID, 0x0110 for release 1.10.
    var release: UInt16
    /// bMaxSlotIndex: 0 is one slot.
    var maximumSlotIndex: UInt8
    var voltages: CCIDVoltages
    /// dwProtocols: bit 0 T=0, bit 1 T=1.
    var protocols: UInt32
    /// kHz
    var defaultClock: UInt32
    /// kHz
    var maximumClock: UInt32
    /// bits a second at the default clock
    var dataRate: UInt32
    /// bits a second
    var maximumDataRate: UInt32
    /// dwMaxIFSD, T=1.
    var maximumIFSD: UInt32
    var features: CCIDFeatures
    /// dwMaxCCIDMessageLength as the reader says it, header included; it is not always true, see `CCIDQuirks`.
    var maximumMessageLength: UInt32
    /// CLA of the reader's own GET RESPONSE; 0xFF is the command's.
    var classGetResponse: UInt8
    var classEnvelope: UInt8
    /// Lines and characters a line; 0 and 0 without display.
    var displayLines: UInt8
    var displayColumns: UInt8
    /// bPINSupport: bit 0 verification, bit 1 modification.
    var pinSupport: UInt8
    var maximumBusySlots: UInt8

    /// What was found among the descriptors behind an interface or endpoint.
    enum Search: Sendable, Hashable {
        case absent
        case found(CCIDClassDescriptor)
        case malformed(String)
    }

    /// Looks through a chain of class-specific descriptors (bLength, bDescriptorType, …). Class 0x0B uses type 0x21; the early readers of
    /// vendor class 0xFF also 0xFF, and there a descriptor of another length is something else.
    static func search(_ extra: [UInt8], vendorClass: Bool) -> Search {
        var start = 0
        while start < extra.count {
            guard extra.count - start >= 2 else { return vendorClass ? .absent : .malformed("\(extra.count - start) stray byte") }
            let size = Int(extra[start])
            let type = extra[start + 1]
            guard size >= 2, size <= extra.count - start else {
                return vendorClass ? .absent : .malformed("a descriptor says it has \(size) bytes, \(extra.count - start) are there")
            }
            if type == 0x21 || (vendorClass && type == 0xFF) {
                if size >= length { return .found(CCIDClassDescriptor(bytes: Array(extra[start..<start + length]))) }
                if !vendorClass { return .malformed("the class descriptor has \(size) bytes instead of \(length)") }
            }
            start += size
        }
        return .absent
    }

    /// `bytes` has at least 54 bytes; `search` sees to it.
    private init(bytes: [UInt8]) {
        release = bytes.littleEndian16(at: 2)
        maximumSlotIndex = bytes[4]
        voltages = CCIDVoltages(rawValue: bytes[5])
        protocols = bytes.littleEndian32(at: 6)
        defaultClock = bytes.littleEndian32(at: 10)
        maximumClock = bytes.littleEndian32(at: 14)
        dataRate = bytes.littleEndian32(at: 19)
        maximumDataRate = bytes.littleEndian32(at: 23)
        maximumIFSD = bytes.littleEndian32(at: 28)
        features = CCIDFeatures(rawValue: bytes.littleEndian32(at: 40))
        maximumMessageLength = bytes.littleEndian32(at: 44)
        classGetResponse = bytes[48]
        classEnvelope = bytes[49]
        displayColumns = bytes[50]
        displayLines = bytes[51]
        pinSupport = bytes[52]
        maximumBusySlots = bytes[53]
    }
}

/// bVoltageSupport.
struct CCIDVoltages: OptionSet, Sendable, Hashable {
    let rawValue: UInt8
    static let volts5 = CCIDVoltages(rawValue: 1)
    static let volts3 = CCIDVoltages(rawValue: 2)
    static let volts1_8 = CCIDVoltages(rawValue: 4)
}

/// dwFeatures.
struct CCIDFeatures: OptionSet, Sendable, Hashable {
    let rawValue: UInt32
    static let parametersFromATR = CCIDFeatures(rawValue: 0x02)
    static let activationOnInsertion = CCIDFeatures(rawValue: 0x04)
    static let automaticVoltage = CCIDFeatures(rawValue: 0x08)
    static let automaticClock = CCIDFeatures(rawValue: 0x10)
    static let automaticBaudRate = CCIDFeatures(rawValue: 0x20)
    /// The reader negotiates parameters itself; the host sends neither PPS nor SetParameters.
    static let automaticNegotiation = CCIDFeatures(rawValue: 0x40)
    static let automaticPPS = CCIDFeatures(rawValue: 0x80)
    static let automaticIFSD = CCIDFeatures(rawValue: 0x400)

    var level: CCIDExchangeLevel? {
        switch rawValue & 0x70000 {
        case 0x00000: .character
        case 0x10000: .tpdu
        case 0x20000: .shortAPDU
        case 0x40000: .extendedAPDU
        default: nil
        }
    }
}

/// What the blocks of a reader carry (dwFeatures bits 16 to 18).
enum CCIDExchangeLevel: String, Sendable, Hashable {
    case character
    case tpdu = "TPDU"
    case shortAPDU = "short APDU"
    case extendedAPDU = "extended APDU"
}

extension [UInt8] {
    /// The caller has checked that the bytes are there.
    func littleEndian16(at offset: Int) -> UInt16 { UInt16(self[offset]) | UInt16(self[offset + 1]) << 8 }

    func littleEndian32(at offset: Int) -> UInt32 {
        UInt32(littleEndian16(at: offset)) | UInt32(littleEndian16(at: offset + 2)) << 16
    }

    mutating func appendLittleEndian(_ value: UInt32) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value >> 16))
        append(UInt8(truncatingIfNeeded: value >> 24))
    }
}
