/// Readers that are not what their descriptor says. One row each: who, what to do about it, why, and where the fact comes from.
struct CCIDQuirk: Sendable {
    enum Effect: Sendable, Hashable {
        /// bPINSupport is not to be believed, or PIN entry on it is not safe.
        case noPINPad
        /// dwMaxCCIDMessageLength where the reader reports another one.
        case messageLength(reported: UInt32, actual: UInt32)
        /// Exchange level other than dwFeatures says; `release` limits it to one bcdDevice.
        case level(CCIDExchangeLevel, release: UInt16? = nil)
        /// Fields of PIN operations that only this reader wants so.
        case pinHabits(CCIDPINHabits)
        /// PIN functions beyond CCID.
        case pad(Pad)
        /// SetParameters fails and the reader works all the same.
        case parametersMayFail
    }

    enum Pad: Sendable, Hashable {
        /// The lab's virtual reader, see `LabPINPadRequest`.
        case lab
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
            vendorID: 0x046A, productID: 0x00A1,
            effects: [.level(.extendedAPDU, release: 0x0100), .pinHabits(CCIDPINHabits(modifyMessages: 0xFF))],
            why:
                "Cherry KC 1000 SC: release 1.00 says short APDU and chains its answers at 128 bytes; a modification needs default messages",
            source: libccid),
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
        CCIDQuirk(
            vendorID: 0x04E6, productID: 0xE003,
            effects: [
                .pinHabits(CCIDPINHabits(modifyMessages: 0, sendsAllIndices: true))
            ],
            why: "SPR332 and SPR532: a modification names no message and has all three indices",
            source: libccid),
        CCIDQuirk(
            vendorID: 0x046A, productID: 0x003E,
            effects: [.pinHabits(CCIDPINHabits(modifyMessages: 0, sendsAllIndices: true))],
            why: "Cherry ST-2xxx: as SPR532", source: libccid),
        CCIDQuirk(
            vendorID: 0x046A, productID: 0x0010, effects: [.pinHabits(CCIDPINHabits(modifyMessages: 3))],
            why: "Cherry XX44: a modification has to name three messages", source: libccid),
        CCIDQuirk(
            vendorID: 0x08E6, productID: 0x3478,
            effects: [.pinHabits(CCIDPINHabits(verifyMessages: 1, sendsAllIndices: true))],
            why:
                "GemPC Pinpad: a verification has to name one message, a modification has all three indices",
            source: libccid),
        CCIDQuirk(
            vendorID: 0x0982, productID: 0x0008,
            effects: [.pinHabits(CCIDPINHabits(verifyMessages: 1, sendsAllIndices: true))],
            why: "Covadis Véga-Alpha: the same device as GemPC Pinpad", source: libccid),
        CCIDQuirk(
            vendorID: 0x08E6, productID: 0x34C0,
            effects: [.pinHabits(CCIDPINHabits(sendsAllIndices: true))],
            why: "Ezio Shield: a modification has all three indices whatever bNumberMessage says",
            source: libccid),
        CCIDQuirk(
            vendorID: 0x08E6, productID: 0x34C2,
            effects: [.pinHabits(CCIDPINHabits(sendsAllIndices: true))],
            why: "Ezio Shield PinPad: as Ezio Shield", source: libccid),
        CCIDQuirk(
            vendorID: 0x08E6, productID: 0x34C3,
            effects: [.pinHabits(CCIDPINHabits(sendsAllIndices: true))],
            why: "Ezio CB+: as Ezio Shield", source: libccid),
        CCIDQuirk(
            vendorID: 0x413C, productID: 0x2101,
            effects: [.pinHabits(CCIDPINHabits(modifyMessages: 0, pause: 250))],
            why: "Dell keyboard: shows no messages; Enter is still down when it is asked", source: libccid
        ),
        CCIDQuirk(
            vendorID: 0x413C, productID: 0x2100,
            effects: [.pinHabits(CCIDPINHabits(modifyMessages: 0, swapsLengths: true, pause: 250))],
            why: "Dell keyboard: as 2101, and wPINMaxExtraDigit has its bytes the other way round",
            source: libccid),
        CCIDQuirk(
            vendorID: 0x058F, productID: 0x9540, effects: [.parametersMayFail],
            why: "Alcor AU9540: SetParameters for T=1 fails and the exchange works", source: libccid),
        CCIDQuirk(
            vendorID: LabPINPadRequest.vendorID, productID: LabPINPadRequest.productID,
            effects: [.pad(.lab)],
            why: "the lab's virtual reader: enciphered and online PIN by Escape",
            source: "Hardware/devices/ccid.md"),
    ]

    struct Corrected: Sendable, Hashable {
        var descriptor: CCIDClassDescriptor
        var level: CCIDExchangeLevel?
        var pinHabits: CCIDPINHabits
        var pad: CCIDQuirk.Pad?
        var parametersMayFail = false
    }

    /// The descriptor as it should have been.
    static func correct(
        _ descriptor: CCIDClassDescriptor, vendorID: UInt16, productID: UInt16, release: UInt16
    ) -> Corrected {
        // A display can show a message, so it is named one.
        let habits = CCIDPINHabits(verifyMessages: descriptor.displayLines > 0 ? 1 : 0)
        var corrected = Corrected(descriptor: descriptor, level: descriptor.features.level, pinHabits: habits)
        for quirk in table where quirk.vendorID == vendorID && quirk.productID == productID {
            for effect in quirk.effects {
                switch effect {
                case .noPINPad: corrected.descriptor.pinSupport = 0
                case .messageLength(let reported, let actual):
                    if descriptor.maximumMessageLength == reported { corrected.descriptor.maximumMessageLength = actual }
                case .level(let actual, let only):
                    if only == nil || only == release { corrected.level = actual }
                case .pinHabits(let habits): corrected.pinHabits = habits
                case .pad(let pad): corrected.pad = pad
                case .parametersMayFail: corrected.parametersMayFail = true
                }
            }
        }
        return corrected
    }
}
