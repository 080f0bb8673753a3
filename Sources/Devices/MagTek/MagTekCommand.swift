/// Commands of MagTek readers over feature reports (MagTek D99875475, pages 22 to 75): `command, length, data`, zero filled; answered by
/// `result code, length, data`.
enum MagTekCommand: Sendable, Hashable {
    enum Property: UInt8, Sendable {
        case softwareID = 0x00
        case usbSerialNumber = 0x01
        case deviceSerialNumber = 0x03
        case magneSafeVersion = 0x04
    }

    case getProperty(Property)
    case keySerialNumber
    case securityLevel
    case readerState
    case encryptionCounter

    var bytes: [UInt8] {
        switch self {
        case .getProperty(let property): [0x00, 1, property.rawValue]
        case .keySerialNumber: [0x09, 0]
        case .securityLevel: [0x15, 0]
        case .readerState: [0x14, 0]
        case .encryptionCounter: [0x1C, 0]
        }
    }

    /// Padded to the length of the feature report.
    func report(length: Int) -> [UInt8] {
        let bytes = bytes
        return bytes + Array(repeating: 0, count: max(0, length - bytes.count))
    }

    /// The data of an answer. Throws `.refused` for a result code that is not 0 and `.protocolViolation` for an answer that is cut off.
    static func parse(_ answer: [UInt8]) throws(DeviceError) -> [UInt8] {
        guard answer.count >= 2 else { throw DeviceError(.protocolViolation, "the reader's answer is cut off") }
        guard answer[0] == 0 else { throw DeviceError(.refused, "the reader refuses the command: \(meaning(answer[0]))") }
        guard Int(answer[1]) <= answer.count - 2 else { throw DeviceError(.protocolViolation, "the reader's answer is cut off") }
        return Array(answer[2..<(2 + Int(answer[1]))])
    }

    private static func meaning(_ code: UInt8) -> String {
        switch code {
        case 1: "failure"
        case 2: "bad parameter"
        case 5: "delayed after wrong attempts"
        case 7: "not allowed in this state, or without a MAC"
        default: "result code \(code)"
        }
    }
}
