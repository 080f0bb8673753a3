/// A message to the reader on its bulk-OUT endpoint (CCID 1.10, 6.1):
/// `bMessageType | dwLength(4) | bSlot | bSeq | 3 bytes of the message | abData`.
enum CCIDCommand: Sendable, Hashable {
    case powerOn(CCIDPowerSelect)
    case powerOff
    case getSlotStatus
    /// `waitingTime` is bBWI; `level` is wLevelParameter, see `CCIDLevelParameter`.
    case transferBlock(waitingTime: UInt8 = 0, level: UInt16 = 0, data: [UInt8])
    case getParameters
    case setParameters(CCIDParameters)
    case escape([UInt8])
    /// PIN operation (CCID 1.10, 6.1.11).
    case secure([UInt8])
    case abort

    var messageType: UInt8 {
        switch self {
        case .powerOn: 0x62
        case .powerOff: 0x63
        case .getSlotStatus: 0x65
        case .transferBlock: 0x6F
        case .getParameters: 0x6C
        case .setParameters: 0x61
        case .escape: 0x6B
        case .secure: 0x69
        case .abort: 0x72
        }
    }

    /// Message type of the answer (CCID 1.10, table 6.1-2).
    var answerType: CCIDResponse.Kind {
        switch self {
        case .powerOn, .transferBlock, .secure: .dataBlock
        case .powerOff, .getSlotStatus, .abort: .slotStatus
        case .getParameters, .setParameters: .parameters
        case .escape: .escape
        }
    }

    func bytes(slot: UInt8, sequence: UInt8) -> [UInt8] {
        var specific: (UInt8, UInt8, UInt8) = (0, 0, 0)
        var data: [UInt8] = []
        switch self {
        case .powerOn(let select): specific.0 = select.rawValue
        case .transferBlock(let waitingTime, let level, let block):
            specific = (waitingTime, UInt8(truncatingIfNeeded: level), UInt8(truncatingIfNeeded: level >> 8))
            data = block
        case .setParameters(let parameters):
            specific.0 = parameters.protocolNumber
            data = parameters.bytes
        case .escape(let block), .secure(let block): data = block
        case .powerOff, .getSlotStatus, .getParameters, .abort: break
        }
        var message: [UInt8] = [messageType]
        message.reserveCapacity(CCIDResponse.headerLength + data.count)
        message.appendLittleEndian(UInt32(truncatingIfNeeded: data.count))
        message += [slot, sequence, specific.0, specific.1, specific.2]
        return message + data
    }
}

/// bPowerSelect.
enum CCIDPowerSelect: UInt8, Sendable, Hashable {
    case automatic = 0
    case volts5 = 1
    case volts3 = 2
    case volts1_8 = 3
}

/// wLevelParameter of XfrBlock at extended APDU level and, with the same values, bChainParameter of DataBlock (CCID 1.10, 6.1.4 and 6.2.1).
enum CCIDLevelParameter {
    /// The APDU begins and ends here.
    static let whole: UInt8 = 0x00
    static let begins: UInt8 = 0x01
    static let ends: UInt8 = 0x02
    static let continues: UInt8 = 0x03
    /// Empty: the other side is asked for its next part.
    static let next: UInt8 = 0x10
}
