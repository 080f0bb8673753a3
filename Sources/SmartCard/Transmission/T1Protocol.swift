/// The terminal's side of the block protocol T=1 for one card session: numbers of blocks, sizes, chaining, waiting time extensions and what
/// is done about errors (EMV Level 1, 9.2.4 and 9.2.5; ISO/IEC 7816-3, 11). It sees whole blocks; who moves them sees to characters.
///
/// | what came | what follows |
/// |---|---|
/// | nothing within the block waiting time | the card session ends (9.2.5.1) |
/// | an invalid block | an R-block, or the S(request) again while one is open |
/// | an R-block that asks for the last I-block | that I-block again |
/// | the third block in a row without a valid answer | the card session ends |
/// | S(ABORT request) | the card session ends |
///
/// Commands are never repeated as a whole: the card may have carried them out.
public struct T1Protocol: Sendable, Hashable {
    public enum Action: Sendable, Hashable {
        /// Send this block and tell `on` what came. `waitingTimeMultiplier` is that of a waiting time extension, else 1.
        case transmit([UInt8], waitingTimeMultiplier: UInt8)
        /// The response APDU; after `negotiateSize` nothing.
        case finished([UInt8])
        /// The card session is over; the card is to be powered off.
        case failed(SmartCardError)
    }

    public enum Event: Sendable, Hashable {
        case received([UInt8])
        /// The reader saw a parity error or too many characters.
        case damaged
        case timedOut
    }

    /// What was answered to reset about T=1.
    public struct Parameters: Sendable, Hashable {
        /// IFSC, TA3: what the card takes in one block, 32 when it says nothing.
        public var cardFieldSize: Int
        public var checksum: T1Block.Checksum
        /// IFSD: what the terminal takes in one block once it has told the card.
        public var terminalFieldSize: Int
        /// What the reader can send in one block, whatever the card takes.
        public var largestSent: Int

        public init(
            cardFieldSize: Int = 32, checksum: T1Block.Checksum = .lrc, terminalFieldSize: Int = T1Block.largestField,
            largestSent: Int = T1Block.largestField
        ) {
            self.cardFieldSize = min(max(cardFieldSize, 1), T1Block.largestField)
            self.checksum = checksum
            self.terminalFieldSize = min(max(terminalFieldSize, 1), T1Block.largestField)
            self.largestSent = max(largestSent, 1)
        }

        /// TA3 and TC3 (ISO/IEC 7816-3, 11.4.2 and 11.4.4).
        public init(_ answer: AnswerToReset, terminalFieldSize: Int = T1Block.largestField, largestSent: Int = T1Block.largestField) {
            let third = answer.interfaceBytes(3)
            self.init(
                cardFieldSize: third.ta.map(Int.init) ?? 32, checksum: (third.tc ?? 0) & 1 == 1 ? .crc : .lrc,
                terminalFieldSize: terminalFieldSize, largestSent: largestSent)
        }
    }

    /// A block and its repetitions (9.2.5.1: three attempts).
    public static let attempts = 3
    /// 65,538 bytes and some; a card that chains empty blocks would go on for ever.
    static let longestResponse = 65_538
    /// S-blocks of the card in one command; minutes at the longest waiting time.
    static let maximumExtensions = 300

    public let parameters: Parameters
    private var cardFieldSize: Int
    /// N(S) of the next I-block to send, and of the next one to come.
    private var sendNumber: UInt8 = 0
    private var receiveNumber: UInt8 = 0
    private var stage = Stage.idle
    private var outgoing: ArraySlice<UInt8> = []
    private var incoming: [UInt8] = []
    /// The I-block or S(request) under way, for repetition.
    private var last: T1Block?
    /// Blocks sent in a row without a valid answer.
    private var unanswered = 0
    private var extensions = 0
    private var emptyBlocks = 0
    /// The I-block under way was made inside the reader and cannot be repeated.
    private var isHidden = false

    private enum Stage: Sendable, Hashable {
        case idle
        /// S(IFS request) is open.
        case sizing
        case sending
        /// The card chains its response.
        case receiving
        case over
    }

    public init(_ parameters: Parameters) {
        self.parameters = parameters
        cardFieldSize = min(parameters.cardFieldSize, parameters.largestSent)
    }

    // MARK: Beginning

    /// The first block of a card session: tells the card IFSD (9.2.4.3, rule 1).
    public mutating func negotiateSize() -> Action {
        guard stage == .idle else { return over() }
        stage = .sizing
        return begin(
            T1Block(.supervisory(.informationFieldSize, isResponse: false, [UInt8(truncatingIfNeeded: parameters.terminalFieldSize)])))
    }

    /// One command APDU.
    public mutating func start(_ apdu: [UInt8]) -> Action {
        guard stage == .idle else { return over() }
        guard !apdu.isEmpty else { return fail("there is no command") }
        stage = .sending
        isHidden = false
        outgoing = apdu[...]
        incoming = []
        extensions = 0
        emptyBlocks = 0
        return begin(nextPart())
    }

    /// A command that the reader itself puts into one I-block, because it adds what must not be seen here (a PIN): NAD PCB LEN of that block.
    /// What came is then told to `on`, or `finishHidden` where the reader takes the card's block apart as well.
    public mutating func startHidden(length: UInt8) -> [UInt8] {
        guard stage == .idle else { return [0, 0, length] }
        stage = .sending
        incoming = []
        extensions = 0
        emptyBlocks = 0
        unanswered = 1
        isHidden = true
        last = T1Block(.information(number: sendNumber, more: false, []))
        return [0x00, sendNumber << 6, length]
    }

    /// The reader says that the exchange succeeded: one block each way.
    public mutating func finishHidden() {
        guard isHidden, stage == .sending else { return }
        sendNumber ^= 1
        receiveNumber ^= 1
        isHidden = false
        stage = .idle
    }

    private func nextPart() -> T1Block {
        let part = Array(outgoing.prefix(cardFieldSize))
        return T1Block(.information(number: sendNumber, more: outgoing.count > part.count, part))
    }

    // MARK: Events

    public mutating func on(_ event: Event) -> Action {
        guard stage != .idle, stage != .over else { return over() }
        switch event {
        case .timedOut: return fail("the card does not answer within the block waiting time")
        case .damaged: return invalid(.checksum)
        case .received(let bytes):
            switch T1Block.parse(bytes, parameters.checksum) {
            case .invalid(let fault): return invalid(fault)
            case .block(let block): return received(block.content)
            }
        }
    }

    private mutating func received(_ content: T1Block.Content) -> Action {
        switch (content, stage) {
        case (.supervisory(.informationFieldSize, isResponse: true, let size), .sizing):
            guard size == [UInt8(truncatingIfNeeded: parameters.terminalFieldSize)] else { return invalid(.other) }
            stage = .idle
            return .finished([])
        // 9.2.5.1: while a request is open nothing but its response will do.
        case (_, .sizing): return invalid(.other)
        case (.information(let number, let more, let data), _): return information(number, more, data)
        case (.ready(let expected, _), _): return ready(expected)
        case (.supervisory(.informationFieldSize, isResponse: false, let size), _):
            extensions += 1
            guard extensions <= Self.maximumExtensions else { return fail("the card changed its size \(extensions) times") }
            guard let size = size.first, (0x10...0xFE).contains(size) else { return invalid(.other) }
            cardFieldSize = min(Int(size), parameters.largestSent)
            return reply(.informationFieldSize, [size])
        case (.supervisory(.waitingTime, isResponse: false, let multiplier), _):
            extensions += 1
            guard extensions <= Self.maximumExtensions else { return fail("the card asked for more time \(extensions) times") }
            return reply(.waitingTime, multiplier, multiplier: multiplier.first ?? 1)
        case (.supervisory(.abort, isResponse: false, _), _): return fail("the card aborts the chain")
        case (.supervisory, _): return invalid(.other)
        }
    }

    private mutating func information(_ number: UInt8, _ more: Bool, _ data: [UInt8]) -> Action {
        // An I-block acknowledges the last of ours; before the last of ours it comes too early.
        let isLastSent =
            switch last?.content {
            case .information(_, let more, _): !more
            default: false
            }
        guard number == receiveNumber, stage == .receiving || isLastSent else { return invalid(.other) }
        // ISO/IEC 7816-3, 11.6.2.3: a block of a chain is not empty.
        if data.isEmpty {
            emptyBlocks += 1
            guard emptyBlocks <= Self.attempts else { return fail("the card chains empty blocks") }
        }
        if stage == .sending { sendNumber ^= 1 }
        stage = .receiving
        receiveNumber ^= 1
        incoming += data
        guard incoming.count <= Self.longestResponse else { return fail("the response is longer than any response APDU") }
        unanswered = 0
        if more { return send(T1Block(.ready(expected: receiveNumber, .none))) }
        stage = .idle
        defer { incoming = [] }
        return .finished(incoming)
    }

    private mutating func ready(_ expected: UInt8) -> Action {
        guard stage == .sending, case .information(let number, let more, let data)? = last?.content else { return invalid(.other) }
        // The same number again: the card did not get the block.
        if expected == number { return again() }
        guard more else { return invalid(.other) }
        outgoing = outgoing.dropFirst(data.count)
        sendNumber ^= 1
        return begin(nextPart())
    }

    // MARK: Sending

    private mutating func begin(_ block: T1Block) -> Action {
        last = block
        unanswered = 0
        return send(block)
    }

    private mutating func send(_ block: T1Block, multiplier: UInt8 = 1) -> Action {
        unanswered += 1
        return .transmit(block.bytes(parameters.checksum), waitingTimeMultiplier: max(1, multiplier))
    }

    private mutating func again() -> Action {
        if isHidden { return fail("the card asks for a block that only the reader had") }
        guard let last, unanswered < Self.attempts else { return fail("no valid answer after \(unanswered) blocks") }
        return send(last)
    }

    private mutating func invalid(_ fault: T1Block.Fault) -> Action {
        if stage == .sizing { return again() }
        guard unanswered < Self.attempts else { return fail("no valid answer after \(unanswered) blocks") }
        return send(T1Block(.ready(expected: receiveNumber, fault)))
    }

    private mutating func reply(_ kind: T1Block.Supervisory, _ data: [UInt8], multiplier: UInt8 = 1) -> Action {
        unanswered = 0
        return send(T1Block(.supervisory(kind, isResponse: true, data)), multiplier: multiplier)
    }

    private mutating func fail(_ what: String) -> Action {
        stage = .over
        return .failed(SmartCardError(.blockProtocol, what))
    }

    private func over() -> Action { .failed(SmartCardError(.blockProtocol, "the card session is over, or a command is under way")) }
}
