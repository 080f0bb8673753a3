import Hex
import Lab
import Synchronization
import Testing

/// A card that expects exactly these commands in this order, and says what differed.
final class ScriptedCard: VirtualCard {
    struct Step: Sendable {
        var command: [UInt8]
        /// `nil`: the card falls mute.
        var response: [UInt8]?
    }

    private struct State {
        var steps: [Step]
        var resets = 0
        var powerOffs = 0
    }

    let rateAgreement: RateAgreement
    private let answerToReset: [UInt8]?
    private let state: Mutex<State>

    init(
        answerToReset: String? = "3B2000", rateAgreement: RateAgreement = .agrees, _ steps: [(command: String, response: String?)] = []
    ) {
        self.rateAgreement = rateAgreement
        self.answerToReset = answerToReset.flatMap { [UInt8](hex: $0) }
        state = Mutex(
            State(steps: steps.map { Step(command: [UInt8](hex: $0.command) ?? [], response: $0.response.flatMap { [UInt8](hex: $0) }) }))
    }

    init(steps: [Step]) {
        rateAgreement = .agrees
        answerToReset = [0x3B, 0x20, 0x00]
        state = Mutex(State(steps: steps))
    }

    var resets: Int { state.withLock { $0.resets } }
    var powerOffs: Int { state.withLock { $0.powerOffs } }

    func expectFinished(sourceLocation: SourceLocation = #_sourceLocation) {
        let left = state.withLock { $0.steps.map(\.command.hex) }
        #expect(left.isEmpty, "commands that never came", sourceLocation: sourceLocation)
    }

    func reset() -> [UInt8]? {
        state.withLock { $0.resets += 1 }
        return answerToReset
    }

    func process(_ command: [UInt8]) -> [UInt8]? {
        let step = state.withLock { $0.steps.isEmpty ? nil : $0.steps.removeFirst() }
        guard let step else {
            Issue.record("the card expected no more commands and got \(command.hex)")
            return [0x6F, 0x00]
        }
        guard step.command == command else {
            Issue.record("the card expected \(step.command.hex) and got \(command.hex)")
            return [0x6F, 0x00]
        }
        return step.response
    }

    func powerOff() { state.withLock { $0.powerOffs += 1 } }
}
