/// Readers that are not what their descriptor says. One row each: who, what to do about it, why, and where the fact comes from.
struct CCIDQuirk: Sendable {
    enum Effect: Sendable, Hashable {
        /// bPINSupport is not to be believed, or PIN entry on it is not safe.
        case noPINPad
        /// dwMaxCCIDMessageLength where the reader reports another one.
        case messageLength(reported: UInt32, actual: UInt32)
        /// Exchange level other than dwFeatures says; `release` limits it to one bcdDevice.
        case level(CCIDExchangeLevel, release: UInt16? = nil)
    }

    var vendorID: UInt16
    var productID: UInt16
    var effects: [Effect]
    var why: String
    var source: String
}

enum CCIDQuirks {
    private static let libccid = "LudovicRousseau/CCID, src/ccid.c and readers/*.txt"

    static let table: [CCIDQuirk] = [
        CCIDQuirk(
            vendorID: 0x076B, productID: 0x3031, effects: [.noPINPad, .level(.extendedAPDU)],
            why: "OMNIKEY 3x21: some firmwares announce a PIN pad that is not there; chains extended APDUs", source: libccid),
        CCIDQuirk(
            vendorID: 0x076B, productID: 0x3021, effects: [.noPINPad, .level(.extendedAPDU)],
            why: "CardMan 3121: as OMNIKEY 3x21", source: libccid),
        CCIDQuirk(
            vendorID: 0x076B, productID: 0x3A21, effects: [.noPINPad, .level(.extendedAPDU)],
            why: "Aviator generic reader: as OMNIKEY 3x21", source: libccid),
        CCIDQuirk(
            vendorID: 0x04E6, productID: 0x5116, effects: [.messageLength(reported: 263, actual: 271)],
            why: "SCR3310: firmwares that report 263 take 271, without which a short APDU does not fit", source: libccid),
        CCIDQuirk(
            vendorID: 0x046A, productID: 0x00A7, effects: [.noPINPad, .level(.extendedAPDU)],
            why: "Cherry SmartTerminal XX44: announces a PIN pad and has none; chains extended APDUs", source: libccid),
        CCIDQuirk(
            vendorID: 0x046A, productID: 0x00A1, effects: [.level(.extendedAPDU, release: 0x0100)],
            why: "Cherry KC 1000 SC, release 1.00: says short APDU and chains its answers at 128 bytes", source: libccid),
        CCIDQuirk(
            vendorID: 0x0D46, productID: 0x3010, effects: [.level(.shortAPDU)],
            why: "KOBIL TriB@nk: says extended APDU and does not chain", source: libccid),
        CCIDQuirk(
            vendorID: 0x03F0, productID: 0x1024, effects: [.noPINPad], why: "HP keyboard: sends the PIN to the host", source: libccid),
        CCIDQuirk(
            vendorID: 0x03F0, productID: 0x0036, effects: [.noPINPad], why: "HP keyboard: sends the PIN to the host", source: libccid),
        CCIDQuirk(
            vendorID: 0x04F2, productID: 0x1469, effects: [.noPINPad], why: "Chicony keyboard: sends the PIN to the host", source: libccid),
        CCIDQuirk(
            vendorID: 0x0BF8, productID: 0x1017, effects: [.noPINPad], why: "Fujitsu keyboard: sends the PIN to the host", source: libccid),
        CCIDQuirk(
            vendorID: 0x0783, productID: 0x0006, effects: [.noPINPad], why: "C3PO: announces a PIN pad that does not work", source: libccid),
        CCIDQuirk(
            vendorID: 0x25DD, productID: 0x3111, effects: [.noPINPad], why: "Bit4id: announces a PIN pad that does not work",
            source: libccid),
    ]

    /// The descriptor as it should have been.
    static func correct(
        _ descriptor: CCIDClassDescriptor, vendorID: UInt16, productID: UInt16, release: UInt16
    ) -> (descriptor: CCIDClassDescriptor, level: CCIDExchangeLevel?) {
        var descriptor = descriptor
        var level = descriptor.features.level
        for quirk in table where quirk.vendorID == vendorID && quirk.productID == productID {
            for effect in quirk.effects {
                switch effect {
                case .noPINPad: descriptor.pinSupport = 0
                case .messageLength(let reported, let actual):
                    if descriptor.maximumMessageLength == reported { descriptor.maximumMessageLength = actual }
                case .level(let actual, let only):
                    if only == nil || only == release { level = actual }
                }
            }
        }
        return (descriptor, level)
    }
}
