import USB

/// One request to a slot, from its first frame to its end: what to write, how long to wait for which answer, and how it ended. It knows
/// nothing of transfers, clocks or tasks; it is told what came and says what to do.
struct CCIDExchange: Sendable {
    enum Request: Sendable, Hashable {
        case slotStatus
        /// The first selection that gets an answer to reset wins; between two of them the card is powered off.
        case powerOn([CCIDPowerSelect])
        case powerOff
        case setParameters(CCIDParameters)
        case getParameters
        /// A command APDU as bytes; the answer is the response APDU.
        case apdu([UInt8])
        /// What goes to the card below APDU level; `waitingTime` multiplies the card's, `count` is how much must come back at character level.
        case block([UInt8], waitingTime: UInt8 = 0, count: UInt16 = 0)
        /// PIN entry on the reader's pad, a person's work: the time is the request's own.
        case secure([UInt8], patience: Duration)
        case escape([UInt8], patience: Duration? = nil)
    }

    enum Event: Sendable, Hashable {
        case start
        /// One transfer from the bulk-IN endpoint.
        case received([UInt8])
        /// A transfer failed, reading took longer than it may, or nobody wants the result any more (`.cancelled`).
        case failed(Direction, USBError)
        case pauseOver
    }

    enum Direction: Sendable, Hashable { case out, `in` }

    /// To be carried out in order; a transfer that fails ends the list, and its failure is the next event.
    enum Action: Sendable, Hashable {
        case write([UInt8])
        /// The next event is `.received`, or `.failed` with `.timeout` after that time.
        case read(within: Duration)
        case pause(Duration)
        case clearHalt(Direction)
        /// Class request ABORT with this wValue. Whether it succeeds does not matter: the bulk message decides.
        case abortRequest(value: UInt16)
        case finish(Result<Answer, DeviceError>)
    }

    struct Answer: Sendable, Hashable {
        var data: [UInt8]
        var card: CCIDCardStatus
        /// bError where a failure is the card's or the cardholder's answer and not the end: a malformed answer to reset, a damaged block,
        /// parameters that do not change, PIN entry given up.
        var refusal: UInt8?
        /// bProtocolNum.
        var specific: UInt8 = 0
        /// The selection that gave the card power.
        var power = CCIDPowerSelect.automatic
    }

    /// What the exchange has to know of its reader.
    struct Terms: Sendable, Hashable {
        var slot: UInt8
        var level: CCIDExchangeLevel
        /// Largest message, header included.
        var maximumMessageLength: Int
        var timing = CCIDTiming()
    }

    /// Frames with another sequence number are left over from earlier commands; a reader that sends more is not in step at all.
    static let maximumLeftovers = 10
    /// So that a reader cannot hold the terminal for ever: at one extension per card waiting time this is minutes.
    static let maximumTimeExtensions = 300
    static let maximumPauses = 10
    /// ISO/IEC 7816-4: 65,536 bytes of data and the status word.
    static let maximumResponse = 65_538

    let request: Request
    let terms: Terms
    var stage = Stage.idle
    /// bSeq of the frame under way; counts on from what the reader saw last.
    private(set) var sequence: UInt8
    /// The last thing the reader said about the card.
    private(set) var card: CCIDCardStatus?
    /// Set when not even the abort was answered.
    var isOutOfStep = false

    var voltages: [CCIDPowerSelect] = []
    /// Parts of the command that are not sent yet, and of the response that are here.
    var outgoing: ArraySlice<UInt8> = []
    var incoming: [UInt8] = []
    var emptyBlocks = 0
    private(set) var command = CCIDCommand.getSlotStatus
    private var leftovers = 0
    private var extensions = 0
    private var pauses = 0
    private var clearedOut = false
    private var clearedIn = false

    enum Stage: Sendable, Hashable {
        case idle
        /// The answer to `command` is awaited.
        case waiting
        case pausing
        /// The card is powered off before the next voltage.
        case changingVoltage
        /// The reader is brought back into step; then the exchange fails with this.
        case aborting(DeviceError)
        case finished
    }

    /// - Parameter lastSequence: bSeq of the last frame sent to the reader.
    init(_ request: Request, terms: Terms, after lastSequence: UInt8) {
        self.request = request
        self.terms = terms
        sequence = lastSequence
    }

    mutating func on(_ event: Event) -> [Action] {
        switch (stage, event) {
        case (.finished, _): return []
        case (.idle, .start): return begin()
        case (.idle, _): return finish(.failure(DeviceError(.cancelled, "the command was not started")))
        case (.aborting(let reason), _): return abortGoesOn(event, reason)
        case (.pausing, .pauseOver): return send(command)
        case (.pausing, _): return finish(.failure(DeviceError(.cancelled, "the command was cancelled")))
        case (_, .received(let bytes)): return received(bytes)
        case (_, .failed(let direction, let error)): return failed(direction, error)
        case (_, .start), (_, .pauseOver): return []
        }
    }

    // MARK: Sending

    private mutating func begin() -> [Action] {
        switch request {
        case .slotStatus: return send(.getSlotStatus)
        case .powerOn(let selections):
            guard let first = selections.first else {
                return finish(.failure(DeviceError(.unsupported, "the reader offers no voltage that cards use")))
            }
            voltages = Array(selections.dropFirst())
            return send(.powerOn(first))
        case .powerOff: return send(.powerOff)
        case .setParameters(let parameters): return send(.setParameters(parameters))
        case .getParameters: return send(.getParameters)
        case .escape(let data, _): return sendWhole(.escape(data), data)
        case .secure(let data, _): return sendWhole(.secure(data), data)
        case .block(let data, let waitingTime, let count):
            return sendWhole(.transferBlock(waitingTime: waitingTime, level: count, data: data), data)
        case .apdu(let bytes): return beginAPDU(bytes)
        }
    }

    private mutating func sendWhole(_ command: CCIDCommand, _ data: [UInt8]) -> [Action] {
        guard data.count <= blockSize else {
            return finish(
                .failure(DeviceError(.unsupported, "the command does not fit into the reader's messages")))
        }
        return send(command)
    }

    mutating func send(_ command: CCIDCommand) -> [Action] {
        if stage != .changingVoltage { stage = .waiting }
        self.command = command
        sequence &+= 1
        leftovers = 0
        clearedOut = false
        clearedIn = false
        return [.write(frame), .read(within: patience)]
    }

    private var frame: [UInt8] { command.bytes(slot: terms.slot, sequence: sequence) }

    private var patience: Duration {
        switch (command, request) {
        case (.powerOn, _): terms.timing.powerOn
        case (.transferBlock(let waitingTime, _, _), _): terms.timing.card * max(1, Int(waitingTime))
        case (.secure, .secure(_, let patience)), (.escape, .escape(_, let patience?)): patience
        default: terms.timing.answer
        }
    }

    // MARK: Receiving

    private mutating func received(_ bytes: [UInt8]) -> [Action] {
        // Some readers send a stray empty packet after a message of a whole number of packets.
        if bytes.isEmpty { return dropped("empty transfers") }
        let response: CCIDResponse
        switch CCIDResponse.parse(bytes) {
        case .malformed(let what): return abort(DeviceError(.protocolViolation, "the reader's answer is malformed: \(what)"))
        case .message(let message): response = message
        }
        guard response.sequence == sequence else { return dropped("answers to other commands") }
        guard response.slot == terms.slot else {
            return abort(DeviceError(.protocolViolation, "slot \(response.slot) answers a command to slot \(terms.slot)"))
        }
        card = response.card
        switch response.commandStatus {
        case .timeExtension:
            // CCID 1.10, 6.2-3: bError multiplies the waiting time; 0 is seen and means the same time again.
            extensions += 1
            guard extensions <= Self.maximumTimeExtensions else {
                return abort(DeviceError(.timeout, "the reader asked for more time \(extensions) times"))
            }
            return [.read(within: patience * max(1, Int(response.error)))]
        case .failed: return commandFailed(response)
        case .processed:
            guard response.kind == command.answerType else {
                return abort(DeviceError(.protocolViolation, "a message of type \(response.kind) answers the command"))
            }
            return commandProcessed(response)
        }
    }

    private mutating func dropped(_ what: String) -> [Action] {
        leftovers += 1
        guard leftovers <= Self.maximumLeftovers else {
            return abort(DeviceError(.protocolViolation, "the reader sends nothing but \(what)"))
        }
        return [.read(within: patience)]
    }

    private mutating func commandProcessed(_ response: CCIDResponse) -> [Action] {
        if stage == .changingVoltage { return nextVoltage() }
        switch command {
        case .powerOn where response.data.isEmpty: return finish(.failure(DeviceError(.cardMute, "the card sent no answer to reset")))
        case .transferBlock, .secure: return blockReceived(response)
        case .powerOn(let select):
            return finish(.success(Answer(data: response.data, card: response.card, power: select)))
        case .getParameters, .setParameters:
            return finish(
                .success(Answer(data: response.data, card: response.card, specific: response.specific)))
        default: return finish(.success(Answer(data: response.data, card: response.card)))
        }
    }

    private mutating func commandFailed(_ response: CCIDResponse) -> [Action] {
        // The reader still waits for the other half of an earlier abort and would fail everything until it comes (CCID 1.10, 5.3.1).
        if response.error == 0xFF { return abort(CCIDFailure.error(response)) }
        if stage == .changingVoltage { return nextVoltage() }
        if response.card != .absent, CCIDFailure.isTransient(response.error), pauses < Self.maximumPauses {
            pauses += 1
            stage = .pausing
            return [.pause(terms.timing.busyPause)]
        }
        if let answer = refusal(response) { return finish(.success(answer)) }
        switch command {
        // Not a failure of communication: it says that no card answers.
        case .getSlotStatus where response.error == 0xFE:
            return finish(.success(Answer(data: [], card: response.card)))
        case .powerOn where !voltages.isEmpty && response.card != .absent:
            stage = .changingVoltage
            return send(.powerOff)
        default: return finish(.failure(CCIDFailure.error(response)))
        }
    }

    /// Failures that the one who asked goes on from.
    private func refusal(_ response: CCIDResponse) -> Answer? {
        guard response.card != .absent else { return nil }
        var answer = Answer(data: [], card: response.card, refusal: response.error)
        switch (command, request, response.error) {
        // BAD_ATR_TS, BAD_ATR_TCK: the card answered, if badly.
        case (.powerOn(let select), _, 0xF8), (.powerOn(let select), _, 0xF7): answer.power = select
        // A parameter that cannot be changed, or a reader that sets them all itself.
        case (.setParameters, _, 0..<0x80): break
        // Mute, parity, overrun: for the block protocol to deal with.
        case (.transferBlock, .block, 0xFC...0xFE): break
        case (.secure, .secure, CCIDFailure.pinTimeout), (.secure, .secure, CCIDFailure.pinCancelled):
            break
        default: return nil
        }
        return answer
    }

    private mutating func nextVoltage() -> [Action] {
        stage = .waiting
        return send(.powerOn(voltages.isEmpty ? .automatic : voltages.removeFirst()))
    }

    // MARK: Transfers that fail

    private mutating func failed(_ direction: Direction, _ error: USBError) -> [Action] {
        switch error.code {
        case .noDevice, .closed, .notFound: return finish(.failure(DeviceError(error)))
        case .stall:
            switch direction {
            // The reader refused the frame as a whole, so it may be sent again.
            case .out where !clearedOut:
                clearedOut = true
                return [.clearHalt(.out), .write(frame), .read(within: patience)]
            // The command may have reached the card: it is not repeated, only its answer is asked for again.
            case .in where !clearedIn:
                clearedIn = true
                return [.clearHalt(.in), .read(within: patience)]
            default: return [.clearHalt(direction)] + abort(DeviceError(.refused, "the reader's bulk endpoint stalls"))
            }
        case .timeout: return abort(DeviceError(.timeout, "the reader did not answer in time"))
        case .cancelled: return abort(DeviceError(.cancelled, "the command was cancelled"))
        default: return abort(DeviceError(error))
        }
    }

    mutating func finish(_ result: Result<Answer, DeviceError>) -> [Action] {
        stage = .finished
        return [.finish(result)]
    }

    /// During an abort the counter is used for what is thrown away.
    mutating func countLeftover() -> Bool {
        leftovers += 1
        return leftovers <= Self.maximumLeftovers
    }

    mutating func resetLeftovers() { leftovers = 0 }
}
