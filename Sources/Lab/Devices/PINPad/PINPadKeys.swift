@_spi(ClearPIN) import Keys

/// The keys of a virtual PIN pad: a DUKPT device loaded under the lab's base keys.
public struct PINPadKeys: Sendable {
    private enum Device: Sendable {
        case tripleDES(TripleDESDUKPT.Device, PINBlock.Format)
        case aes(AESDUKPT.Device)
    }

    private var device: Device

    /// TDES, PIN blocks of format 0 or 3. `serial` has 10 bytes; its counter is that of the first key (0 for a new pad).
    public static func tripleDES(serial: [UInt8], random: Bool = false) throws(KeysError) -> PINPadKeys {
        let serial = try KeySerialNumber(serial)
        let initialKey = try TripleDESDUKPT.initialKey(baseKey: LabKeys.pinBaseTripleDES, serial: serial)
        return PINPadKeys(device: .tripleDES(try .init(initialKey: initialKey, serial: serial), random ? .iso3 : .iso0))
    }

    /// AES, PIN blocks of format 4. `serial` has 12 bytes.
    public static func aes(serial: [UInt8]) throws(KeysError) -> PINPadKeys {
        let serial = try KeySerialNumber(serial)
        let initialKey = try AESDUKPT.initialKey(baseKey: LabKeys.pinBaseAES, serial: serial)
        return PINPadKeys(device: .aes(try .init(initialKey: initialKey, serial: serial)))
    }

    /// `nil` when the keys are used up.
    public var nextSerial: KeySerialNumber? {
        switch device {
        case .tripleDES(let device, _): device.nextSerial
        case .aes(let device): device.nextSerial
        }
    }

    /// The PIN under the next key, which is used up by it.
    mutating func encipher(_ pin: PIN, pan: PAN) throws(KeysError) -> (serial: KeySerialNumber, block: SecretBytes) {
        switch device {
        case .tripleDES(var pad, let format):
            let key = try pad.nextKey()
            device = .tripleDES(pad, format)
            return (key.serial, try PINBlock.encipher(format, pin, pan: pan, under: key))
        case .aes(var pad):
            let key = try pad.nextKey()
            device = .aes(pad)
            return (key.serial, try PINBlock.encipher(pin, pan: pan, under: key))
        }
    }
}
