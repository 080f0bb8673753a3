import Hex
import Lab
import Synchronization

/// A card that answers each reset as told, the last answer from then on, and every command with 9000.
final class ResettingCard: VirtualCard {
    private struct State {
        var answers: [[UInt8]]
        var resets = 0
        var powerOffs = 0
    }

    private let state: Mutex<State>

    init(_ answers: [String]) { state = Mutex(State(answers: answers.map { [UInt8](hex: $0) ?? [] })) }

    var resets: Int { state.withLock { $0.resets } }
    var powerOffs: Int { state.withLock { $0.powerOffs } }

    func reset() -> [UInt8]? {
        state.withLock { state in
            state.resets += 1
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers.first
        }
    }

    func process(_ command: [UInt8]) -> [UInt8]? { [0x90, 0x00] }

    func powerOff() { state.withLock { $0.powerOffs += 1 } }
}
