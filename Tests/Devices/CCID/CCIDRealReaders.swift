@testable import Devices

/// What real readers say of themselves, from the descriptors that LudovicRousseau/CCID collects in readers/*.txt, and what the driver has to
/// make of it. Fields that are not named are the same in all of them here: one slot, all voltages, T=0 and T=1, 4 MHz.
struct RealReader: Sendable, CustomStringConvertible {
    var vendorID: UInt16
    var productID: UInt16
    var name: String
    /// dwFeatures, dwMaxCCIDMessageLength, bPINSupport, wLcdLayout.
    var features: UInt32
    var messageLength: UInt32
    var pinSupport: UInt8 = 0
    var display: UInt16 = 0
    /// bcdDevice, where it matters.
    var release: UInt16 = 0x0200
    // Expected
    var level: CCIDExchangeLevel
    var usableLength: Int?
    var hasPad = false
    /// The reader sets protocol parameters without being told (dwFeatures 0x40).
    var negotiates = false
    var choosesVoltage = true

    var description: String { name }

    var classDescriptor: [UInt8] {
        func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        return [0x36, 0x21, 0x10, 0x01, 0, 7] + word(3) + word(4000) + word(4000) + [0] + word(10752) + word(344_086) + [0] + word(254)
            + word(0) + word(0) + word(features) + word(messageLength)
            + [0xFF, 0xFF, UInt8(truncatingIfNeeded: display), UInt8(display >> 8), pinSupport, 1]
    }

    static let all: [RealReader] = [
        .init(vendorID: 0x076B, productID: 0x3031, name: "OMNIKEY 3x21", features: 0x0004_07BA, messageLength: 271, level: .extendedAPDU),
        .init(vendorID: 0x076B, productID: 0x5422, name: "OMNIKEY 5422", features: 0x0004_07B8, messageLength: 520, level: .extendedAPDU),
        .init(
            vendorID: 0x076B, productID: 0x3821, name: "OMNIKEY 3821", features: 0x0002_07B2, messageLength: 271, pinSupport: 3,
            display: 0x0210, level: .shortAPDU, hasPad: true, choosesVoltage: false),
        .init(
            vendorID: 0x08E6, productID: 0x3437, name: "Gemalto PC Twin", features: 0x0001_0230, messageLength: 271, level: .tpdu,
            choosesVoltage: false),
        .init(
            vendorID: 0x08E6, productID: 0x3478, name: "Gemalto GemPC Pinpad", features: 0x0001_0230, messageLength: 271, pinSupport: 3,
            display: 0x0210, level: .tpdu, hasPad: true, choosesVoltage: false),
        .init(
            vendorID: 0x0982, productID: 0x0008, name: "Covadis Véga-Alpha", features: 0x0001_0230, messageLength: 271, pinSupport: 3,
            display: 0x0210, level: .tpdu, hasPad: true, choosesVoltage: false),
        .init(
            vendorID: 0x08E6, productID: 0x34C2, name: "Gemalto Ezio Shield PinPad", features: 0x0004_04B2, messageLength: 271,
            pinSupport: 3, display: 0x0211, level: .extendedAPDU, hasPad: true, choosesVoltage: false),
        .init(
            vendorID: 0x08E6, productID: 0x34C3, name: "Gemalto Ezio CB+", features: 0x0002_04BA, messageLength: 271, pinSupport: 3,
            display: 0x0211, level: .shortAPDU, hasPad: true),
        .init(
            vendorID: 0x08E6, productID: 0x34C0, name: "Gemalto Ezio Shield", features: 0x0002_04B2, messageLength: 271, pinSupport: 3,
            display: 0x0211, level: .shortAPDU, hasPad: true, choosesVoltage: false),
        .init(vendorID: 0x04E6, productID: 0x5116, name: "SCR3310", features: 0x0001_00BA, messageLength: 271, level: .tpdu),
        .init(
            vendorID: 0x04E6, productID: 0x5116, name: "SCR3310 reporting 263", features: 0x0001_00BA, messageLength: 263, level: .tpdu,
            usableLength: 271),
        .init(vendorID: 0x04E6, productID: 0x5814, name: "Identiv SCR3500", features: 0x0001_00BA, messageLength: 271, level: .tpdu),
        .init(
            vendorID: 0x04E6, productID: 0x5810, name: "Identiv CLOUD 2700 R", features: 0x0004_04BA, messageLength: 271,
            level: .extendedAPDU),
        .init(
            vendorID: 0x04E6, productID: 0x5724, name: "Identiv uTrust 4701F", features: 0x0004_04BE, messageLength: 1034,
            level: .extendedAPDU),
        .init(
            vendorID: 0x04E6, productID: 0x5790, name: "Identiv uTrust 3700F", features: 0x0004_04BE, messageLength: 1034,
            level: .extendedAPDU),
        .init(
            vendorID: 0x04E6, productID: 0xE003, name: "SPR332, SPR532", features: 0x0001_00BA, messageLength: 270, pinSupport: 3,
            level: .tpdu, hasPad: true),
        .init(
            vendorID: 0x046A, productID: 0x003E, name: "Cherry ST-2xxx", features: 0x0001_00BA, messageLength: 270, pinSupport: 3,
            level: .tpdu, hasPad: true),
        .init(
            vendorID: 0x046A, productID: 0x00A7, name: "Cherry SmartTerminal XX44", features: 0x0004_07B8, messageLength: 271,
            pinSupport: 3, level: .extendedAPDU),
        .init(
            vendorID: 0x046A, productID: 0x00A1, name: "Cherry KC 1000 SC 1.00", features: 0x0002_07BA, messageLength: 271, pinSupport: 3,
            release: 0x0100, level: .extendedAPDU, hasPad: true),
        .init(
            vendorID: 0x046A, productID: 0x00A1, name: "Cherry KC 1000 SC", features: 0x0004_07BA, messageLength: 271, pinSupport: 3,
            level: .extendedAPDU, hasPad: true),
        .init(
            vendorID: 0x072F, productID: 0x90CC, name: "ACS ACR38U-CCID", features: 0x0001_0030, messageLength: 271, level: .tpdu,
            choosesVoltage: false),
        .init(
            vendorID: 0x072F, productID: 0xB100, name: "ACS ACR39U", features: 0x0001_00B2, messageLength: 271, level: .tpdu,
            choosesVoltage: false),
        .init(vendorID: 0x072F, productID: 0x223B, name: "ACS ACR1252", features: 0x0002_04BA, messageLength: 288, level: .shortAPDU),
        .init(vendorID: 0x072F, productID: 0x2303, name: "ACS ACR1552", features: 0x0004_04BE, messageLength: 516, level: .extendedAPDU),
        .init(
            vendorID: 0x072F, productID: 0x2200, name: "ACS ACR122U", features: 0x0002_0040, messageLength: 271, level: .shortAPDU,
            negotiates: true, choosesVoltage: false),
        .init(
            vendorID: 0x072F, productID: 0x8202, name: "ACS APG8201", features: 0x0002_0430, messageLength: 271, pinSupport: 3,
            level: .shortAPDU, hasPad: true, choosesVoltage: false),
        .init(
            vendorID: 0x072F, productID: 0x8206, name: "ACS APG8201-B2", features: 0x0002_0430, messageLength: 350, pinSupport: 3,
            display: 0x0210, level: .shortAPDU, hasPad: true, choosesVoltage: false),
        .init(vendorID: 0x058F, productID: 0x9540, name: "Alcor AU9540", features: 0x0004_04BE, messageLength: 272, level: .extendedAPDU),
        .init(
            vendorID: 0x0C4B, productID: 0x0504, name: "REINER SCT cyberJack go", features: 0x0004_04B0, messageLength: 1014,
            pinSupport: 3, display: 0x1002, level: .extendedAPDU, hasPad: true, choosesVoltage: false),
        .init(
            vendorID: 0x0C4B, productID: 0x0580, name: "REINER SCT cyberJack one", features: 0x0004_04B0, messageLength: 1014,
            pinSupport: 3, display: 0x0310, level: .extendedAPDU, hasPad: true, choosesVoltage: false),
        .init(
            vendorID: 0x0D46, productID: 0x3010, name: "KOBIL TriB@nk", features: 0x0004_06BA, messageLength: 536, pinSupport: 3,
            display: 0x0210, level: .shortAPDU, hasPad: true),
    ]
}
