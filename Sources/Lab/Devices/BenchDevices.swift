@_spi(ClearPIN) import Keys
import Synchronization
import USB

/// Devices that are not on the store's counter: for drivers on a kernel and on a bench.
public enum BenchDeviceName: String, CaseIterable, Sendable {
    case magnesafe, securemag, dynapro, smartpin

    public var path: USBBusPath {
        switch self {
        case .magnesafe: USBBusPath("lab-5")
        case .securemag: USBBusPath("lab-6")
        case .dynapro: USBBusPath("lab-7")
        case .smartpin: USBBusPath("lab-8")
        }
    }

    public static let list = allCases.map(\.rawValue).joined(separator: ", ")

    /// A new one; PIN pads hold keys of their own under the lab's base key.
    public func model() -> any VirtualUSBDevice {
        switch self {
        case .magnesafe: VirtualStripeReader(.magneSafe)
        case .securemag: VirtualSecureMag()
        case .dynapro: VirtualDynaPro(encipher: Self.keys([0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0x00, 0x00]))
        case .smartpin: VirtualSmartPIN(encipher: Self.keys([0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x11, 0x00, 0x00, 0x00]))
        }
    }

    private final class Keys: Sendable {
        let keys: Mutex<PINPadKeys?>

        init(_ serial: [UInt8]) { keys = Mutex(try? PINPadKeys.tripleDES(serial: serial)) }
    }

    static func keys(_ serial: [UInt8]) -> DynaProModel.Encipher {
        let pad = Keys(serial)
        return { digits, pan in
            pad.keys.withLock { keys in
                guard let pin = digits.withBytes({ PIN(String(decoding: $0, as: UTF8.self)) }),
                    let made = try? keys?.encipher(pin, pan: pan)
                else { return nil }
                return (made.block.withBytes { Array($0) }, made.serial.bytes)
            }
        }
    }
}
