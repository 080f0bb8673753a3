import Hex

/// A message of the reader on its bulk-IN endpoint (CCID 1.10, 6.2):
/// `bMessageType | dwLength(4) | bSlot | bSeq | bStatus | bError | 1 byte of the message | abData`.
struct CCIDResponse: Sendable, Hashable {
    static let headerLength = 10

    enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        case dataBlock = 0x80
        case slotStatus = 0x81
        case parameters = 0x82
        case escape = 0x83
        case dataRateAndClockFrequency = 0x84
    }

    /// bmCommandStatus, bits 7 and 6 of bStatus.
    enum CommandStatus: UInt8, Sendable, Hashable {
        case processed = 0
        case failed = 1
        case timeExtension = 2
    }

    var kind: Kind
    var slot: UInt8
    var sequence: UInt8
    var card: CCIDCardStatus
    var commandStatus: CommandStatus
    /// bError: what failed, or the multiplier of a time extension.
    var error: UInt8 = 0
    /// bChainParameter, bClockStatus or bProtocolNum.
    var specific: UInt8 = 0
    var data: [UInt8] = []

    enum Parsed: Sendable, Hashable {
        case message(CCIDResponse)
        case malformed(String)
    }

    /// One transfer is one message: a transfer ends with a short packet, so what is missing does not follow.
    static func parse(_ bytes: [UInt8]) -> Parsed {
        guard bytes.count >= headerLength else { return .malformed("\(bytes.count) bytes are no message") }
        guard let kind = Kind(rawValue: bytes[0]) else { return .malformed("message type \([bytes[0]].hex) is unknown") }
        let announced = bytes.littleEndian32(at: 1)
        let there = bytes.count - headerLength
        guard Int(announced) == there else { return .malformed("the message says it has \(announced) data bytes, \(there) came") }
        guard let card = CCIDCardStatus(rawValue: bytes[7] & 0x03), let status = CommandStatus(rawValue: bytes[7] >> 6) else {
            return .malformed("bStatus \([bytes[7]].hex) is reserved")
        }
        return .message(
            CCIDResponse(
                kind: kind, slot: bytes[5], sequence: bytes[6], card: card, commandStatus: status, error: bytes[8], specific: bytes[9],
                data: Array(bytes[headerLength...])))
    }

    var bytes: [UInt8] {
        var message: [UInt8] = [kind.rawValue]
        message.appendLittleEndian(UInt32(truncatingIfNeeded: data.count))
        message += [slot, sequence, commandStatus.rawValue << 6 | card.rawValue, error, specific]
        return message + data
    }
}

/// bmICCStatus, bits 1 and 0 of bStatus.
enum CCIDCardStatus: UInt8, Sendable, Hashable {
    /// Present and powered.
    case active = 0
    /// Present and not powered.
    case inactive = 1
    case absent = 2
}
