import EMV
import Hex
import SmartCard

/// A card that knows one dialogue. Any other command ends the test with a description of what differed.
struct ScriptedCard {
    struct Exchange {
        let name: String
        let command: [UInt8]
        let response: [UInt8]

        /// Hexadecimal text; the response with its status word.
        init(_ name: String, _ command: String, _ response: String) {
            self.name = name
            self.command = [UInt8](hex: command) ?? []
            self.response = [UInt8](hex: response) ?? []
        }
    }

    private(set) var remaining: ArraySlice<Exchange>

    init(_ exchanges: [Exchange]) { remaining = exchanges[...] }

    mutating func answer(_ command: CommandAPDU) throws -> ResponseAPDU {
        let bytes = try command.serialized()
        guard let expected = remaining.popFirst() else { throw ScriptDifference("the script is over, the kernel sends \(bytes.hex)") }
        guard bytes == expected.command else { throw ScriptDifference(expected, bytes) }
        return try ResponseAPDU.parse(expected.response)
    }

    /// Throws when the kernel asked less than the script says.
    func finish() throws {
        if let next = remaining.first { throw ScriptDifference("the dialogue ended before \(next.name)") }
    }
}

/// What differed between script and kernel.
struct ScriptDifference: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    init(_ expected: ScriptedCard.Exchange, _ actual: [UInt8]) {
        let position = zip(expected.command, actual).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        let place = position.map { "byte \($0) differs" } ?? "\(actual.count) bytes instead of \(expected.command.count)"
        description = "\(expected.name): \(place)\n  script \(expected.command.hex)\n  kernel \(actual.hex)"
    }
}

/// A kernel talking to a card, a cardholder and a host that all follow a script.
struct Conversation {
    var outcome: KernelOutcome
    var online: OnlineRequest?
    /// What the cardholder was offered, each time.
    var offers: [[ApplicationCandidate]] = []
    /// What the cardholder was asked to type, each time.
    var pins: [PINRequest] = []
    /// After the scripts that came after the first outcome.
    var final: KernelOutcome?

    static func hold(
        _ kernel: ContactKernel, _ exchanges: [ScriptedCard.Exchange], choices: [Int?] = [], pins: [PINOutcome] = [],
        host: IssuerAnswer? = nil
    ) throws -> Conversation {
        var (kernel, card, choices, host, pins) = (kernel, ScriptedCard(exchanges), choices[...], host, pins[...])
        var (online, offers): (OnlineRequest?, [[ApplicationCandidate]]) = (nil, [])
        var (asked, first): ([PINRequest], KernelOutcome?) = ([], nil)
        var actions = kernel.on(.start(answerToReset: [0x3B, 0x60, 0x00, 0x00]))
        while true {
            guard let action = actions.first, actions.count == 1 else { throw ScriptDifference("\(actions.count) actions at once") }
            switch action {
            case .transmit(let command): actions = kernel.on(.response(try card.answer(command)))
            case .chooseApplication(let offered):
                offers.append(offered)
                guard let choice = choices.popFirst() else { throw ScriptDifference("nobody expected to choose an application") }
                actions = kernel.on(.applicationChosen(choice))
            case .enterPIN(let request):
                asked.append(request)
                guard let pin = pins.popFirst() else { throw ScriptDifference("nobody expected to type a PIN") }
                actions = kernel.on(.pin(pin))
            case .goOnline(let request):
                online = request
                guard let answer = host else { throw ScriptDifference("nobody expected to go online") }
                host = nil
                actions = kernel.on(.hostAnswered(answer))
            case .finished(let outcome):
                if outcome.hasPendingScripts {
                    first = outcome
                    actions = kernel.on(.performScripts)
                    continue
                }
                try card.finish()
                if !pins.isEmpty { throw ScriptDifference("\(pins.count) PIN entries were expected and not asked for") }
                if host != nil { throw ScriptDifference("the kernel was expected to go online") }
                return Conversation(
                    outcome: first ?? outcome, online: online, offers: offers, pins: asked, final: first == nil ? nil : outcome)
            }
        }
    }
}
