import Keys
import SmartCard

/// The rules of an EMV card (EMV 4.4 Book 1, 12 and Book 3, 6): one command in, one answer out, no other input but random numbers.
struct EMVCardMachine: Sendable {
    /// How far the transaction has come; a command out of its order is answered 6985.
    enum Phase: Sendable, Hashable {
        case idle
        /// The payment system environment is selected.
        case directory
        case selected
        /// GET PROCESSING OPTIONS was answered.
        case initiated
        /// The first GENERATE AC gave an ARQC.
        case awaitingIssuer
        /// TC or AAC was given.
        case finished
    }

    /// What outlives power, for each application.
    struct Memory: Sendable {
        /// 9F36.
        var transactionCounter: UInt16 = 0
        /// 9F13.
        var lastOnlineCounter: UInt16 = 0
        /// 9F17.
        var pinTries: UInt8 = EMVCardMachine.pinTryLimit
        var lastOnlineIncomplete = false
        var lastIssuerAuthenticationFailed = false
        /// The issuer blocked the application.
        var isBlocked = false
    }

    static let pinTryLimit: UInt8 = 3

    let card: PersonalisedCard
    let random: @Sendable (Int) -> [UInt8]?
    var memories: [Memory]
    /// The reference PIN, as the issuer last changed it.
    var pin: SecretBytes?
    /// The issuer blocked the card.
    var isBlocked: Bool
    var phase = Phase.idle
    /// Index of the selected application.
    var selected: Int?
    /// What SELECT last found by this name, for "next occurrence".
    var lastSelection: (name: [UInt8], index: Int)?
    var transaction = CardTransaction()
    /// The GENERATE AC under way asked for a CDA signature.
    var signatureRequested = false
    /// Until the next reset.
    var isMute = false

    init(_ card: PersonalisedCard, random: @escaping @Sendable (Int) -> [UInt8]?) {
        self.card = card
        self.random = random
        pin = card.pin
        isBlocked = card.blocked
        memories = card.applications.map { _ in Memory() }
    }

    mutating func reset() -> [UInt8] {
        isMute = false
        phase = .idle
        selected = nil
        lastSelection = nil
        transaction = CardTransaction()
        return card.answerToReset
    }

    /// `nil`: the card falls mute.
    mutating func process(_ bytes: [UInt8]) -> [UInt8]? {
        guard let command = try? CommandAPDU.parse(bytes) else { return ResponseAPDU(status: .wrongLength).serialized() }
        if let application, application.muteAt?.code == command.instruction { isMute = true }
        guard !isMute else { return nil }
        return answer(command).serialized()
    }

    private mutating func answer(_ command: CommandAPDU) -> ResponseAPDU {
        if command.instructionClass == 0x84, let order = IssuerCommand(rawValue: command.instruction) { return perform(order, command) }
        guard let instruction = Instruction(rawValue: command.instruction) else {
            return ResponseAPDU(status: [0x00, 0x80].contains(command.instructionClass) ? .instructionNotSupported : .classNotSupported)
        }
        guard instruction.instructionClass == command.instructionClass else { return ResponseAPDU(status: .classNotSupported) }
        switch instruction {
        case .select: return select(command)
        case .readRecord: return readRecord(command)
        case .getData: return getData(command)
        case .getChallenge: return getChallenge(command)
        case .getProcessingOptions: return getProcessingOptions(command)
        case .verify: return verify(command)
        case .internalAuthenticate: return internalAuthenticate(command)
        case .generateAC: return generateAC(command)
        case .externalAuthenticate: return externalAuthenticate(command)
        }
    }

    /// EMV 4.4 Book 3, table 5.
    private enum Instruction: UInt8 {
        case verify = 0x20
        case externalAuthenticate = 0x82
        case getChallenge = 0x84
        case internalAuthenticate = 0x88
        case select = 0xA4
        case getProcessingOptions = 0xA8
        case generateAC = 0xAE
        case readRecord = 0xB2
        case getData = 0xCA

        var instructionClass: UInt8 {
            switch self {
            case .getProcessingOptions, .generateAC, .getData: 0x80
            default: 0x00
            }
        }
    }

    /// The selected application, and its memory.
    var application: PersonalisedCard.Application? { selected.map { card.applications[$0] } }

    mutating func remember(_ change: (inout Memory) -> Void) {
        if let selected { change(&memories[selected]) }
    }

    var memory: Memory { selected.map { memories[$0] } ?? Memory() }
}

extension ResponseAPDU {
    /// A template or object with 9000.
    static func success(_ object: BERTLV) -> ResponseAPDU { ResponseAPDU(data: object.encoded, status: .success) }
}

extension StatusWord {
    /// 6A80: a data field that cannot be understood.
    static let incorrectData = StatusWord(0x6A80)
}
