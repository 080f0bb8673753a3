/// What a virtual CCID reader is: identity and abilities as its descriptors tell them.
public struct CCIDReaderProfile: Sendable, Hashable {
    public enum Level: UInt32, Sendable {
        case character = 0
        case tpdu = 0x10000
        case shortAPDU = 0x20000
        case extendedAPDU = 0x40000
    }

    public var vendorID: UInt16 = 0x08E6
    public var productID: UInt16 = 0x3438
    public var release: UInt16 = 0x0100
    public var manufacturer = "Countertop Lab"
    public var product = "Virtual CCID Reader"
    public var serialNumber = "LAB00001"
    public var slotCount = 1
    public var level = Level.shortAPDU
    /// dwFeatures without the exchange level.
    public var features: UInt32 = 0x04BA
    /// bVoltageSupport: bit 0 5 V, bit 1 3 V, bit 2 1.8 V.
    public var voltages: UInt8 = 0x07
    /// dwMaxDataRate, bits a second.
    public var maximumDataRate: UInt32 = 344_105
    /// dwMaxCCIDMessageLength.
    public var maximumMessageLength: UInt32 = 271
    public var hasInterruptEndpoint = true
    /// Reports the cards that are in when it is started as inserted, as many readers do.
    public var announcesAtPowerUp = true
    /// Does GET RESPONSE and the repetition after 6Cxx itself, as APDU level asks; some readers pass 61xx and 6Cxx on instead.
    public var completesResponses = true

    /// bPINSupport: bit 0 verification, bit 1 modification.
    public var pinSupport: UInt8 = 0
    public var displayLines: UInt8 = 0
    public var displayColumns: UInt8 = 0
    /// Has the lab's PIN functions by Escape (Hardware/devices/ccid.md).
    public var hasLabPINPad = false

    public init() {}

    /// The lab's chip reader with PIN pad.
    public static func pinPad(serialNumber: String = "LAB00001") -> CCIDReaderProfile {
        var profile = CCIDReaderProfile(serialNumber: serialNumber)
        profile.vendorID = 0x1209
        profile.productID = 0xC07E
        profile.product = "Virtual Chip Reader with PIN Pad"
        profile.pinSupport = 3
        profile.displayLines = 2
        profile.displayColumns = 16
        profile.hasLabPINPad = true
        return profile
    }

    /// The same reader with another serial number.
    public init(serialNumber: String) { self.serialNumber = serialNumber }

    // MARK: Descriptors

    static let bulkOut: UInt8 = 0x01
    static let bulkIn: UInt8 = 0x82
    static let interruptIn: UInt8 = 0x83
    static let maximumPacketSize = 64

    /// USB 2.0, table 9-8; string indices 1, 2, 3.
    var deviceDescriptor: [UInt8] {
        [18, 1] + le16(0x0200) + [0, 0, 0, 64] + le16(vendorID) + le16(productID) + le16(release) + [1, 2, 3, 1]
    }

    /// USB 2.0, tables 9-10, 9-12 and 9-13, with the class descriptor between interface and endpoints.
    var configurationDescriptor: [UInt8] {
        var endpoints: [UInt8] = [7, 5, Self.bulkOut, 2, 64, 0, 0, 7, 5, Self.bulkIn, 2, 64, 0, 0]
        if hasInterruptEndpoint { endpoints += [7, 5, Self.interruptIn, 3, 8, 0, 16] }
        let interface: [UInt8] = [9, 4, 0, 0, hasInterruptEndpoint ? 3 : 2, 0x0B, 0, 0, 0]
        let rest = interface + classDescriptor + endpoints
        return [9, 2] + le16(UInt16(truncatingIfNeeded: 9 + rest.count)) + [1, 1, 0, 0x80, 50] + rest
    }

    /// CCID 1.10, 5.1.
    var classDescriptor: [UInt8] {
        var bytes: [UInt8] = [0x36, 0x21] + le16(0x0110) + [UInt8(truncatingIfNeeded: slotCount - 1), voltages]
        // dwProtocols T=0 and T=1, dwDefaultClock, dwMaximumClock in kHz, bNumClockSupported
        bytes += le32(3) + le32(4000) + le32(4000) + [0]
        // dwDataRate, dwMaxDataRate in bit/s, bNumDataRatesSupported, dwMaxIFSD, dwSynchProtocols, dwMechanical
        bytes += le32(10753) + le32(maximumDataRate) + [0] + le32(254) + le32(0) + le32(0)
        // dwFeatures, dwMaxCCIDMessageLength, bClassGetResponse, bClassEnvelope, wLcdLayout, bPINSupport, bMaxCCIDBusySlots
        return bytes + le32(features | level.rawValue) + le32(maximumMessageLength) + [
            0xFF, 0xFF, displayColumns, displayLines, pinSupport, 1,
        ]
    }
}

func le16(_ value: UInt16) -> [UInt8] { [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)] }

func le32(_ value: UInt32) -> [UInt8] { le16(UInt16(truncatingIfNeeded: value)) + le16(UInt16(value >> 16)) }
