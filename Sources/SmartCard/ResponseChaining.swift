/// One command and its response through a reader that hands 61xx and 6Cxx up instead of dealing with them (EMV Level 1, 9.3.1.2 and Annex A).
///
/// 61xx is followed by GET RESPONSE and the parts are joined; 6Cxx repeats the command that got it, once, with the length the card named.
/// With T=0 a card can also end a command that has data for and from it with a warning; then GET RESPONSE fetches the data, and the warning
/// is the status. Ends after at most `largestChain` commands whatever the card answers.
public struct ResponseChaining: Sendable {
    public enum Action: Sendable, Hashable {
        /// Send this and give the answer to `on`.
        case transmit(CommandAPDU)
        /// The whole response.
        case finished(ResponseAPDU)
        /// The card would go on for ever.
        case failed(SmartCardError)
    }

    /// 65,536 bytes, the longest response, in parts of 256, and the command itself.
    public static let largestChain = 257

    private var pending: CommandAPDU
    /// Data both ways through T=0: a warning is worth a GET RESPONSE.
    private let asksAfterWarning: Bool
    private var warning: StatusWord?
    private var repeated = false
    private var sent = 1
    private var collected: [UInt8] = []

    /// - Parameter asksAfterWarning: the card gets TPDUs of T=0, which have no case 4.

    public init(_ command: CommandAPDU, asksAfterWarning: Bool = false) {
        pending = command
        self.asksAfterWarning =
            asksAfterWarning && !command.data.isEmpty && command.expectedLength != nil
    }

    /// The first action.
    public func start() -> Action { .transmit(pending) }

    public mutating func on(_ response: ResponseAPDU) -> Action {
        switch response.status.meaning {
        case .moreData(let count):
            collected += response.data
            repeated = false
            return transmit(CommandAPDU(0x00, 0xC0, 0x00, 0x00, expectedLength: count))
        case .wrongLength(let count) where !repeated:
            repeated = true
            var again = pending
            again.expectedLength = count
            return transmit(again)
        case .warning, .applicationSpecific:
            guard asksAfterWarning, warning == nil, sent == 1, response.data.isEmpty else {
                return finished(response)
            }
            warning = response.status
            return transmit(CommandAPDU(0x00, 0xC0, 0x00, 0x00, expectedLength: 256))
        default:
            return finished(response)
        }
    }

    private func finished(_ response: ResponseAPDU) -> Action {
        // A card that has nothing to add may refuse GET RESPONSE; the warning stands all the same.
        .finished(ResponseAPDU(data: collected + response.data, status: warning ?? response.status))
    }

    private mutating func transmit(_ command: CommandAPDU) -> Action {
        guard sent < Self.largestChain else {
            return .failed(SmartCardError(.chainTooLong, "still 61xx or 6Cxx after \(sent) commands"))
        }
        sent += 1
        pending = command
        return .transmit(command)
    }
}
