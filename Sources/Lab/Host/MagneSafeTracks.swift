import Hex
import ISO8583
import Keys
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Tracks as MagneSafe devices encrypt them: TDES DUKPT, CBC from zeros, filled up with zeros, under the PIN variant of the transaction's key (MagTek
/// D99875475, page 12 and appendix C). The lab's devices and its host share the published base key.
enum MagneSafeTracks {
    static let scheme = "MAGNESAFE-TDES"

    private static let start = [UInt8](repeating: 0, count: TripleDES.blockSize)

    static func encipher(_ track: SecretBytes, under key: TripleDESDUKPT.TransactionKey) throws(KeysError) -> [UInt8] {
        let filling = (TripleDES.blockSize - track.count % TripleDES.blockSize) % TripleDES.blockSize
        let bytes = track.withBytes { Array($0) } + [UInt8](repeating: 0, count: filling)
        return try TripleDES.encryptCBC(bytes, key: key.pin, iv: start)
    }

    static func decipher(_ ciphertext: [UInt8], serial: [UInt8]) throws(KeysError) -> SecretBytes {
        let key = try TripleDESDUKPT.transactionKey(baseKey: LabKeys.pinBaseTripleDES, serial: KeySerialNumber(serial))
        let bytes = try TripleDES.decryptCBC(ciphertext, key: key.pin, iv: start)
        return SecretBytes(bytes.prefix((bytes.lastIndex { $0 != 0 } ?? -1) + 1))
    }

    /// What a device with a key of its own does with the tracks of one card: all under one key.
    static func device(serial: [UInt8]) throws(KeysError) -> DynaProModel.EncipherTracks {
        let serial = try KeySerialNumber(serial)
        let initialKey = try TripleDESDUKPT.initialKey(baseKey: LabKeys.pinBaseTripleDES, serial: serial)
        let holder = Holder(try TripleDESDUKPT.Device(initialKey: initialKey, serial: serial))
        return { tracks in holder.encipher(tracks) }
    }

    private final class Holder: Sendable {
        private let device: Mutex<TripleDESDUKPT.Device>

        init(_ device: TripleDESDUKPT.Device) { self.device = Mutex(device) }

        func encipher(_ tracks: [SecretBytes?]) -> (ciphertexts: [[UInt8]], keySerialNumber: [UInt8])? {
            guard let key = device.withLock({ try? $0.nextKey() }) else { return nil }
            let made = tracks.map { track in track.flatMap { try? MagneSafeTracks.encipher($0, under: key) } ?? [] }
            return (made, key.serial.bytes)
        }
    }

    // MARK: At the host

    enum Card: Sendable {
        case readable(PAN)
        /// Another key's, or no track at all.
        case unreadable
    }

    /// The card in 48.05 and 48.06; `nil` for a message without, or of a scheme that this host does not know.
    static func card(in message: Message) -> Card? {
        guard let text = message.text(48), let elements = try? PrivateElements(text), let ciphertext = elements["06"],
            let key = elements["05"]?.split(separator: " "), key.first.map(String.init) == scheme
        else { return nil }
        guard key.count == 2, let serial = [UInt8](hex: String(key[1])), let bytes = Data(base64Encoded: ciphertext),
            let track = try? decipher(Array(bytes), serial: serial), let pan = accountNumber(track)
        else { return .unreadable }
        return .readable(pan)
    }

    /// Of track 2 up to `=`, of track 1 between format code and `^`.
    private static func accountNumber(_ track: SecretBytes) -> PAN? {
        track.withBytes { bytes in
            let isFirst = bytes.first == UInt8(ascii: "%")
            guard isFirst || bytes.first == UInt8(ascii: ";") else { return nil }
            let number = bytes.dropFirst(isFirst ? 2 : 1).prefix { $0 != UInt8(ascii: isFirst ? "^" : "=") }
            return PAN(String(decoding: number, as: UTF8.self))
        }
    }
}
