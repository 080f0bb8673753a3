import Hex
import USB

/// bError of a failed command (CCID 1.10, table 6.2-2) as what it means to the terminal.
enum CCIDFailure {
    static func error(_ response: CCIDResponse) -> DeviceError {
        // Whatever else went wrong, without a card that is the reason.
        response.card == .absent ? DeviceError(.cardRemoved, "there is no card in the slot") : error(response.error)
    }

    static func error(_ code: UInt8) -> DeviceError {
        let name = [code].hex
        if let known = table[code] { return DeviceError(known.code, "\(known.meaning) (bError \(name))") }
        if (0x01...0x7F).contains(code) {
            return DeviceError(.refused, "the reader rejects byte \(code) of the command")
        }
        return DeviceError(.refused, "the reader reports an error of its own (bError \(name))")
    }

    /// ICC_MUTE, PIN_TIMEOUT, PIN_CANCELLED.
    static let mute: UInt8 = 0xFE
    static let pinTimeout: UInt8 = 0xF0
    static let pinCancelled: UInt8 = 0xEF

    /// The reader is occupied with something that passes (auto sequence after insertion, another command).
    static func isTransient(_ error: UInt8) -> Bool { error == 0xF2 || error == 0xE0 }

    private static let table: [UInt8: (code: DeviceError.Code, meaning: String)] = [
        0x00: (.unsupported, "the reader does not know the command"),
        0xFF: (.cancelled, "the command was aborted"),
        0xFE: (.cardMute, "the card does not answer"),
        0xFD: (.cardMute, "parity error between card and reader"),
        0xFC: (.cardMute, "the card sent too much"),
        0xFB: (.refused, "hardware error in the reader"),
        0xF8: (.cardMute, "the answer to reset begins wrong"),
        0xF7: (.cardMute, "the answer to reset has a wrong checksum"),
        0xF6: (.cardMute, "the reader does not know the card's protocol"),
        0xF5: (.cardMute, "the reader does not know the card's class"),
        0xF4: (.cardMute, "the card sent a wrong procedure byte"),
        0xF3: (.cardMute, "the card's protocol is not active"),
        0xF2: (.busy, "the reader is busy with a sequence of its own"),
        0xF0: (.timeout, "no PIN was entered in time"),
        0xEF: (.cancelled, "PIN entry was cancelled"),
        0xE0: (.busy, "the slot is busy"),
        // Gemalto's own range, seen also in readers built on its chips.
        0xA2: (.cardMute, "the card's contacts are short-circuited"),
        0xA3: (.cardMute, "the answer to reset is too long"),
        0xAB: (.cardMute, "no data was exchanged with the card"),
        0xB0: (.cardMute, "the card's T=1 block is too long"),
        0xBB: (.cardMute, "protocol error of the card"),
        0xBD: (.cardMute, "T=1 error of the card"),
    ]
}

extension DeviceError {
    init(_ error: USBError) {
        let code: Code =
            switch error.code {
            case .noDevice, .closed, .notFound: .deviceGone
            case .noPermission: .noPermission
            case .busy: .busy
            case .timeout: .timeout
            case .cancelled: .cancelled
            case .stall, .unavailable: .refused
            case .overflow, .io, .malformedDescriptor: .protocolViolation
            case .unsupported: .unsupported
            }
        self.init(code, error.message, remedy: error.remedy)
    }
}
