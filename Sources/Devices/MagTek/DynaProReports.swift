import Hex
import Keys

/// Reports of MagTek's PIN pads (DynaPro Mini Programmer's Reference 99875629): each has a number and a length of its own.
enum DynaProReports {
    static let acknowledgement: UInt8 = 0x01
    static let information: UInt8 = 0x0E
    static let deviceState: UInt8 = 0x20
    static let cardStatus: UInt8 = 0x22
    static let cardData: UInt8 = 0x23
    static let pinResponse: UInt8 = 0x24
    static let delayedAcknowledgement: UInt8 = 0x2A
    /// Card type of report 22: typed.
    static let manualCard: UInt8 = 0x03

    /// Commands, as feature reports with their id in front.
    enum Command: Sendable {
        /// Forgets card and account number, shows the idle message.
        case endSession
        case requestSwipe(seconds: Int, chipFailed: Bool)
        case requestPIN(seconds: Int, minimum: Int, maximum: Int, withAmount: Bool)
        case cancel
        /// 1 approved, 2 declined, 3 cancelled, 4 thank you, 5 PIN invalid, 6 processing, 7 please wait, 14 use chip reader.
        case display(message: UInt8, seconds: Int)
        case requestDeviceStatus
        case requestCardData
        /// Account number and expiry, no security code; the pad takes 9 to 19 digits.
        case requestManualEntry(seconds: Int)
        case sendAmount(String)
        case sendPAN(PAN)
        case getInformation(Information)

        var bytes: [UInt8] {
            func wait(_ seconds: Int) -> UInt8 { UInt8(clamping: max(1, min(seconds, 255))) }
            switch self {
            case .endSession: return [0x02, 0]
            case .requestSwipe(let seconds, let chipFailed): return [0x03, wait(seconds), chipFailed ? 4 : 1, 1]
            case .requestPIN(let seconds, let minimum, let maximum, let withAmount):
                let lengths = UInt8(clamping: max(4, min(maximum, 12))) << 4 | UInt8(clamping: max(4, min(minimum, 12)))
                // Option bit 0 clear: PIN block in ISO format 0.
                return [0x04, wait(seconds), withAmount ? 1 : 0, lengths, 1, 0]
            case .cancel: return [0x05, 0]
            case .display(let message, let seconds): return [0x07, UInt8(clamping: max(0, min(seconds, 255))), message]
            case .requestDeviceStatus: return [0x08, 0]
            case .requestCardData: return [0x0A, 0]
            case .requestManualEntry(let seconds): return [0x11, wait(seconds), 1, 1]
            case .sendAmount(let text):
                let characters = Array(text.utf8.prefix(11))
                // Byte 3 says whether it is a credit or a debit; its values are not public, and 0 is taken.
                return [0x0D, 0, UInt8(clamping: characters.count), 0] + characters + Array(repeating: 0, count: 18 - characters.count)
            case .getInformation(let information): return [DynaProReports.information, information.rawValue]
            case .sendPAN(let pan):
                return pan.withDigits { digits in
                    [0x0D, 1, UInt8(clamping: digits.utf8.count)] + digits.utf8 + Array(repeating: 0, count: max(0, 19 - digits.utf8.count))
                }
            }
        }

        /// Filled up to the report's length in the descriptor, which has the last word.
        func report(_ descriptor: HIDReportDescriptor) -> HIDReportBytes {
            let bytes = bytes
            let length = descriptor.report(.feature, id: bytes[0]).map { $0.byteCount + 1 } ?? bytes.count
            return HIDReportBytes(
                kind: .feature, id: bytes[0],
                bytes: length > bytes.count ? bytes + Array(repeating: 0, count: length - bytes.count) : Array(bytes.prefix(max(length, 2)))
            )
        }
    }

    /// What Get Information (report 0E) is asked for; each answered by twenty hexadecimal digits.
    enum Information: UInt8, Sendable { case pinKeySerialNumber = 1, stripeKeySerialNumber }

    /// The text of an answer to Get Information: its id, key status (0 is no key), length, text. `nil` when there is none or it is not of what was asked.
    static func text(_ report: [UInt8], of information: Information) -> String? {
        guard report.count >= 4, report[0] == Self.information, report[1] == information.rawValue, report[2] != 0 else { return nil }
        let length = Int(report[3])
        guard report.count >= 4 + length else { return nil }
        return String(decoding: report[4..<(4 + length)], as: UTF8.self)
    }

    /// ACKSTS of report 01; `nil` when the command was taken.
    static func refusal(_ status: UInt8) -> DeviceError? {
        switch status {
        case 0x00: nil
        case 0x81, 0x86, 0x8A: DeviceError(.busy, "the PIN pad is busy")
        case 0x82, 0x83: DeviceError(.refused, "the PIN pad does not understand the command")
        case 0x84: DeviceError(.refused, "the PIN pad has an account number already")
        case 0x85: DeviceError(.refused, "the PIN pad has no key", remedy: "Have a PIN key loaded.")
        // 120 PINs an hour: a pad that is asked for more is being searched.
        case 0x87: DeviceError(.refused, "the PIN pad is locked after too many PIN entries", remedy: "Wait some minutes.")
        case 0x88, 0x89: DeviceError(.refused, "the PIN pad wants authentication first")
        case 0x8B: DeviceError(.refused, "the PIN pad misses the amount")
        case 0x90...0x94: DeviceError(.refused, "the PIN pad misses a valid certificate", remedy: "Have it loaded again.")
        default: DeviceError(.refused, "the PIN pad answers with status \([status].hex)")
        }
    }

    /// Operation status of input reports 22, 24, 25 and 27.
    enum OperationStatus: UInt8, Sendable { case done = 0, cancelledByUser, timedOut, cancelledByHost, verificationFailed, keypadSecurity }

    /// Device state report 20: state, session, device status …
    struct State: Sendable, Hashable {
        var state: UInt8
        var device: UInt8
        var hardware: UInt8

        init?(_ report: [UInt8]) {
            guard report.count >= 6, report[0] == DynaProReports.deviceState else { return nil }
            (state, device, hardware) = (report[1], report[3], report[5])
        }

        /// Bits 0 and 1; other values than 0 changed their meaning between firmwares, and none of them is usable.
        var hasPINKey: Bool { device & 0x03 == 0 }
        var hasStripeKey: Bool { device & 0x0C == 0 }
        var isTampered: Bool { device & 0x10 != 0 }
    }
}
