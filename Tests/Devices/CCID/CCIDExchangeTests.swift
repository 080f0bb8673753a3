import Seeds
import Testing
import USB

@testable import Devices

/// An answer as bytes, written out here so that the codec is not tested against itself.
func frame(
    _ type: UInt8, _ sequence: UInt8, status: UInt8 = 0, error: UInt8 = 0, specific: UInt8 = 0, slot: UInt8 = 0, _ data: [UInt8] = []
) -> [UInt8] {
    [type, UInt8(data.count & 0xFF), UInt8(data.count >> 8), 0, 0, slot, sequence, status, error, specific] + data
}

func message(_ type: UInt8, _ sequence: UInt8, _ specific: [UInt8] = [0, 0, 0], slot: UInt8 = 0, _ data: [UInt8] = []) -> [UInt8] {
    [type, UInt8(data.count & 0xFF), UInt8(data.count >> 8), 0, 0, slot, sequence] + specific + data
}

typealias Action = CCIDExchange.Action

let timing = CCIDTiming()

func exchange(
    _ request: CCIDExchange.Request, after sequence: UInt8 = 0, level: CCIDExchangeLevel = .shortAPDU, maximum: Int = 271, slot: UInt8 = 0
) -> CCIDExchange {
    CCIDExchange(request, terms: .init(slot: slot, level: level, maximumMessageLength: maximum), after: sequence)
}

func failure(_ actions: [Action]) -> DeviceError.Code? {
    guard case .finish(.failure(let error)) = actions.last else { return nil }
    return error.code
}

func success(_ data: [UInt8], _ card: CCIDCardStatus = .active) -> [Action] { [.finish(.success(.init(data: data, card: card)))] }

/// The actions with which the exchange gives a command up.
func aborting(_ sequence: UInt8, slot: UInt8 = 0) -> [Action] {
    [
        .abortRequest(value: UInt16(sequence) << 8 | UInt16(slot)), .write(message(0x72, sequence, slot: slot)),
        .read(within: timing.abort),
    ]
}

private let select: [UInt8] = [0x00, 0xA4, 0x04, 0x00, 0x01, 0xA0, 0x00]

@Suite("CCID exchange")
struct CCIDExchangeTests {
    @Test("a command is one frame with the next sequence number, then its answer is read")
    func simple() {
        var status = exchange(.slotStatus, after: 6)
        #expect(status.on(.start) == [.write(message(0x65, 7)), .read(within: timing.answer)])
        #expect(status.on(.received(frame(0x81, 7, status: 1))) == success([], .inactive))
        #expect(status.sequence == 7)
        #expect(status.card == .inactive)
        #expect(status.on(.received(frame(0x81, 7))) == [], "nothing happens after the end")
    }

    @Test("the sequence number wraps from FF to 00")
    func wraps() {
        var status = exchange(.slotStatus, after: 0xFF)
        #expect(status.on(.start).first == .write(message(0x65, 0)))
        #expect(status.on(.received(frame(0x81, 0))) == success([]))
    }

    @Test("an APDU goes in one XfrBlock and its response comes in one DataBlock")
    func apdu() {
        var apdu = exchange(.apdu(select))
        #expect(apdu.on(.start) == [.write(message(0x6F, 1, select)), .read(within: timing.card)])
        #expect(apdu.on(.received(frame(0x80, 1, [0x6A, 0x82]))) == success([0x6A, 0x82]))
    }

    private func message(_ type: UInt8, _ sequence: UInt8, _ data: [UInt8] = []) -> [UInt8] {
        DevicesTests.message(type, sequence, [0, 0, 0], data)
    }

    @Test("answers with another sequence number are left over: ten are dropped, the eleventh is too many")
    func leftovers() {
        for count in [1, 10, 11] {
            var apdu = exchange(.apdu(select))
            _ = apdu.on(.start)
            for number in 0..<min(count, 10) {
                #expect(apdu.on(.received(frame(0x80, UInt8(200 + number), [0x90, 0]))) == [.read(within: timing.card)])
            }
            if count <= 10 {
                #expect(apdu.on(.received(frame(0x80, 1, [0x90, 0]))) == success([0x90, 0]))
            } else {
                #expect(apdu.on(.received(frame(0x80, 200, [0x90, 0]))) == aborting(1))
            }
        }
    }

    @Test("stray empty transfers are read over")
    func emptyTransfers() {
        var apdu = exchange(.apdu(select))
        _ = apdu.on(.start)
        #expect(apdu.on(.received([])) == [.read(within: timing.card)])
        #expect(apdu.on(.received(frame(0x80, 1, [0x90, 0]))) == success([0x90, 0]))
        var endless = exchange(.apdu(select))
        _ = endless.on(.start)
        for _ in 0..<10 { _ = endless.on(.received([])) }
        #expect(endless.on(.received([])) == aborting(1))
    }

    @Test("an answer for another slot breaks the protocol")
    func otherSlot() {
        var apdu = exchange(.apdu(select), slot: 1)
        _ = apdu.on(.start)
        #expect(apdu.on(.received(frame(0x80, 1, slot: 0, [0x90, 0]))) == aborting(1, slot: 1))
        #expect(failure(apdu.on(.received(frame(0x81, 1, slot: 1)))) == .protocolViolation)
    }

    @Test("an answer of another type breaks the protocol")
    func otherType() {
        var apdu = exchange(.apdu(select))
        _ = apdu.on(.start)
        #expect(apdu.on(.received(frame(0x81, 1))) == aborting(1))
        #expect(failure(apdu.on(.received(frame(0x81, 1)))) == .protocolViolation)
    }

    @Test("short, oversized and meaningless answers break the protocol, and the reader is brought back into step")
    func malformed() {
        let good = frame(0x80, 1, [0x90, 0])
        for bad in [Array(good.prefix(9)), Array(good.dropLast()), good + [1], [UInt8](repeating: 0xA5, count: 64), [0]] {
            var apdu = exchange(.apdu(select))
            _ = apdu.on(.start)
            #expect(apdu.on(.received(bad)) == aborting(1))
            #expect(failure(apdu.on(.received(frame(0x81, 1)))) == .protocolViolation)
            #expect(!apdu.isOutOfStep)
        }
    }

    @Test("a time extension multiplies the wait by bError; 0 waits as long again")
    func timeExtension() {
        var apdu = exchange(.apdu(select))
        _ = apdu.on(.start)
        #expect(apdu.on(.received(frame(0x80, 1, status: 0x80, error: 3))) == [.read(within: timing.card * 3)])
        #expect(apdu.on(.received(frame(0x80, 1, status: 0x80, error: 0))) == [.read(within: timing.card)])
        #expect(apdu.on(.received(frame(0x80, 1, [0x90, 0]))) == success([0x90, 0]))
    }

    @Test("a reader cannot extend the time for ever")
    func endlessExtension() {
        var apdu = exchange(.apdu(select))
        _ = apdu.on(.start)
        for _ in 0..<CCIDExchange.maximumTimeExtensions {
            #expect(apdu.on(.received(frame(0x80, 1, status: 0x80, error: 1))) == [.read(within: timing.card)])
        }
        #expect(apdu.on(.received(frame(0x80, 1, status: 0x80, error: 1))) == aborting(1))
        #expect(failure(apdu.on(.received(frame(0x81, 1)))) == .timeout)
    }

    @Test(
        "bError says what went wrong",
        arguments: [
            (UInt8(0xFE), DeviceError.Code.cardMute), (0xFD, .cardMute), (0xFC, .cardMute), (0xFB, .refused),
            (0xF8, .cardMute), (0xF7, .cardMute), (0xF6, .cardMute), (0xF5, .cardMute), (0xF4, .cardMute), (0xF3, .cardMute),
            (0xF0, .timeout), (0xEF, .cancelled), (0x00, .unsupported), (0x01, .refused), (0x05, .refused), (0x7F, .refused),
            (0xA2, .cardMute), (0xBD, .cardMute), (0x81, .refused), (0xC0, .refused), (0x80, .refused), (0xD0, .refused),
        ])
    func errors(error: UInt8, code: DeviceError.Code) {
        var apdu = exchange(.apdu(select))
        _ = apdu.on(.start)
        #expect(failure(apdu.on(.received(frame(0x80, 1, status: 0x40, error: error)))) == code)
        // Without a card that is the reason, whatever bError says.
        var removed = exchange(.apdu(select))
        _ = removed.on(.start)
        #expect(failure(removed.on(.received(frame(0x80, 1, status: 0x42, error: error)))) == .cardRemoved)
        #expect(removed.card == .absent)
    }

    @Test("CMD_ABORTED that nobody asked for: an earlier abort hangs, and is completed before the command fails")
    func hangingAbort() {
        var apdu = exchange(.apdu(select))
        _ = apdu.on(.start)
        #expect(apdu.on(.received(frame(0x80, 1, status: 0x40, error: 0xFF))) == aborting(1))
        #expect(failure(apdu.on(.received(frame(0x81, 1)))) == .cancelled)
    }

    @Test("a failure may come in a message of another type")
    func failureInSlotStatus() {
        var apdu = exchange(.apdu(select))
        _ = apdu.on(.start)
        #expect(failure(apdu.on(.received(frame(0x81, 1, status: 0x40, error: 0)))) == .unsupported)
    }

    @Test("GetSlotStatus that fails with ICC_MUTE is an answer")
    func muteStatus() {
        var status = exchange(.slotStatus)
        _ = status.on(.start)
        #expect(status.on(.received(frame(0x81, 1, status: 0x42, error: 0xFE))) == success([], .absent))
    }

    @Test("SetParameters that cannot be changed is no failure; a mute card is")
    func setParameters() {
        let parameters = CCIDParameters.t0(rates: 0x11, convention: 0, guardTime: 0, waitingInteger: 10)
        for (error, isSuccess) in [(UInt8(7), true), (0, true), (0x7F, true), (0xFE, false)] {
            var set = exchange(.setParameters(parameters))
            _ = set.on(.start)
            let actions = set.on(.received(frame(0x82, 1, status: 0x40, error: error)))
            #expect((failure(actions) == nil) == isSuccess)
        }
    }

    @Test("a busy slot is asked again after a pause, ten times at most")
    func busy() {
        for error: UInt8 in [0xF2, 0xE0] {
            var power = exchange(.powerOn([.automatic]))
            _ = power.on(.start)
            for attempt: UInt8 in 1...10 {
                #expect(power.on(.received(frame(0x80, attempt, status: 0x41, error: error))) == [.pause(timing.busyPause)])
                #expect(power.on(.pauseOver) == [.write(message(0x62, attempt + 1)), .read(within: timing.powerOn)])
            }
            #expect(failure(power.on(.received(frame(0x80, 11, status: 0x41, error: error)))) == .busy)
        }
    }

    @Test("power on: the answer to reset, or no card, or a mute one")
    func powerOn() {
        var power = exchange(.powerOn([.automatic]))
        #expect(power.on(.start) == [.write(message(0x62, 1)), .read(within: timing.powerOn)])
        #expect(power.on(.received(frame(0x80, 1, [0x3B, 0x00]))) == success([0x3B, 0x00]))
        var mute = exchange(.powerOn([.automatic]))
        _ = mute.on(.start)
        #expect(failure(mute.on(.received(frame(0x80, 1, status: 0x41, error: 0xFE)))) == .cardMute)
        var empty = exchange(.powerOn([.automatic]))
        _ = empty.on(.start)
        #expect(failure(empty.on(.received(frame(0x80, 1)))) == .cardMute)
        var none = exchange(.powerOn([]))
        #expect(failure(none.on(.start)) == .unsupported)
    }

    @Test("voltages are tried in their order, with the power off between them")
    func voltages() {
        var power = exchange(.powerOn([.volts5, .volts1_8, .volts3]))
        #expect(power.on(.start).first == .write([0x62, 0, 0, 0, 0, 0, 1, 1, 0, 0]))
        #expect(power.on(.received(frame(0x80, 1, status: 0x41, error: 0xFE))).first == .write(message(0x63, 2)))
        #expect(power.on(.received(frame(0x81, 2, status: 0x01))).first == .write([0x62, 0, 0, 0, 0, 0, 3, 3, 0, 0]))
        #expect(power.on(.received(frame(0x80, 3, status: 0x41, error: 0xFE))).first == .write(message(0x63, 4)))
        // A reader that cannot power off is no reason to give up.
        #expect(power.on(.received(frame(0x81, 4, status: 0x41, error: 0))).first == .write([0x62, 0, 0, 0, 0, 0, 5, 2, 0, 0]))
        #expect(failure(power.on(.received(frame(0x80, 5, status: 0x41, error: 0xFE)))) == .cardMute)

        var removed = exchange(.powerOn([.volts5, .volts3]))
        _ = removed.on(.start)
        #expect(failure(removed.on(.received(frame(0x80, 1, status: 0x42, error: 0xFE)))) == .cardRemoved)
    }

    @Test("no answer in time: the command is aborted, and everything up to the abort's answer is thrown away")
    func timeout() {
        var apdu = exchange(.apdu(select), after: 0x20)
        _ = apdu.on(.start)
        #expect(apdu.on(.failed(.in, USBError(.timeout, ""))) == aborting(0x21))
        #expect(apdu.on(.received(frame(0x80, 0x21, [0x90, 0]))) == [.read(within: timing.abort)])
        #expect(apdu.on(.received(frame(0x80, 0x21, status: 0x40, error: 0xFF))) == [.read(within: timing.abort)])
        #expect(apdu.on(.received(frame(0x81, 0x20))) == [.read(within: timing.abort)])
        #expect(failure(apdu.on(.received(frame(0x81, 0x21)))) == .timeout)
        #expect(!apdu.isOutOfStep)
    }

    @Test("the aborted command's own SlotStatus is not the abort's")
    func abortedSlotStatus() {
        var status = exchange(.slotStatus)
        _ = status.on(.start)
        #expect(status.on(.failed(.in, USBError(.timeout, ""))) == aborting(1))
        #expect(status.on(.received(frame(0x81, 1, status: 0x40, error: 0xFF))) == [.read(within: timing.abort)])
        #expect(failure(status.on(.received(frame(0x81, 1)))) == .timeout)
    }

    @Test("a reader that does not know Abort is in step too, once it says so")
    func abortUnknown() {
        var apdu = exchange(.apdu(select))
        _ = apdu.on(.start)
        _ = apdu.on(.failed(.in, USBError(.timeout, "")))
        #expect(failure(apdu.on(.received(frame(0x81, 1, status: 0x40, error: 0)))) == .timeout)
        #expect(!apdu.isOutOfStep)
    }

    @Test("an abort that is not answered ends with both endpoints cleared")
    func abortUnanswered() {
        var apdu = exchange(.apdu(select))
        _ = apdu.on(.start)
        _ = apdu.on(.failed(.in, USBError(.timeout, "")))
        let actions = apdu.on(.failed(.in, USBError(.timeout, "")))
        #expect(actions.dropLast() == [.clearHalt(.out), .clearHalt(.in)])
        #expect(failure(actions) == .timeout)
        #expect(apdu.isOutOfStep)
    }

    @Test("cancelling aborts the command and fails as cancelled; during a pause there is nothing to abort")
    func cancelled() {
        var apdu = exchange(.apdu(select))
        _ = apdu.on(.start)
        #expect(apdu.on(.failed(.in, USBError(.cancelled, ""))) == aborting(1))
        #expect(failure(apdu.on(.received(frame(0x81, 1)))) == .cancelled)
        var power = exchange(.powerOn([.automatic]))
        _ = power.on(.start)
        _ = power.on(.received(frame(0x80, 1, status: 0x41, error: 0xF2)))
        #expect(failure(power.on(.failed(.in, USBError(.cancelled, "")))) == .cancelled)
    }

    @Test("a refused frame is written again once after the halt is cleared; the second refusal fails")
    func stalledOut() {
        var apdu = exchange(.apdu(select))
        _ = apdu.on(.start)
        let stall = CCIDExchange.Event.failed(.out, USBError(.stall, ""))
        #expect(apdu.on(stall) == [.clearHalt(.out), .write(message(0x6F, 1, select)), .read(within: timing.card)])
        #expect(apdu.on(stall) == [.clearHalt(.out)] + aborting(1))
        #expect(apdu.on(stall) == [.clearHalt(.out), .write(message(0x72, 1)), .read(within: timing.abort)])
        #expect(failure(apdu.on(.received(frame(0x81, 1)))) == .refused)
    }

    @Test("a stalled answer is asked for again, but the command is not repeated: the card may have it")
    func stalledIn() {
        var apdu = exchange(.apdu(select))
        _ = apdu.on(.start)
        let stall = CCIDExchange.Event.failed(.in, USBError(.stall, ""))
        #expect(apdu.on(stall) == [.clearHalt(.in), .read(within: timing.card)])
        #expect(apdu.on(stall) == [.clearHalt(.in)] + aborting(1))
    }

    @Test("a reader that is gone is not aborted")
    func gone() {
        for code in [USBError.Code.noDevice, .closed] {
            var apdu = exchange(.apdu(select))
            _ = apdu.on(.start)
            #expect(failure(apdu.on(.failed(.in, USBError(code, "")))) == .deviceGone)
            var aborted = exchange(.apdu(select))
            _ = aborted.on(.start)
            _ = aborted.on(.failed(.in, USBError(.timeout, "")))
            #expect(failure(aborted.on(.failed(.out, USBError(code, "")))) == .deviceGone)
        }
    }

    @Test("transmission errors abort the command")
    func transmission() {
        for code in [USBError.Code.io, .overflow] {
            var apdu = exchange(.apdu(select))
            _ = apdu.on(.start)
            #expect(apdu.on(.failed(.in, USBError(code, ""))) == aborting(1))
            #expect(failure(apdu.on(.received(frame(0x81, 1)))) == .protocolViolation)
        }
    }

    @Test("whatever comes, the exchange ends, and never traps")
    func random() {
        var random = SeededRandom(seed: 4)
        for _ in 0..<4_000 {
            let requests: [CCIDExchange.Request] = [
                .slotStatus, .powerOn([.volts5, .volts3]), .powerOff, .apdu(select), .apdu([UInt8](repeating: 1, count: 200)), .apdu([1]),
                .escape([1]), .setParameters(.t0(rates: 0, convention: 0, guardTime: 0, waitingInteger: 0)),
            ]
            var machine = exchange(
                requests.randomElement(using: &random) ?? .slotStatus, after: .random(in: 0...255, using: &random),
                level: Bool.random(using: &random) ? .shortAPDU : .extendedAPDU, maximum: Int.random(in: 10...300, using: &random))
            var actions = machine.on(.start)
            var steps = 0
            while steps < 5_000 {
                if case .finish = actions.last { break }
                actions = machine.on(anyEvent(machine.sequence, &random))
                steps += 1
            }
            #expect(steps < 5_000)
        }
    }

    private func anyEvent(_ sequence: UInt8, _ random: inout SeededRandom) -> CCIDExchange.Event {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: .received((0..<Int.random(in: 0...30, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
        case 1: .failed(Bool.random(using: &random) ? .in : .out, USBError(USBError.Code.allCases.randomElement(using: &random) ?? .io, ""))
        case 2: .pauseOver
        default:
            .received(
                frame(
                    UInt8.random(in: 0x80...0x84, using: &random), sequence,
                    status: [0, 0, 0, 1, 2, 0x40, 0x42, 0x80].randomElement(using: &random) ?? 0,
                    error: [0, 0xF2, 0xFE, .random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0,
                    specific: [0, 1, 2, 3, 0x10, 0x77].randomElement(using: &random) ?? 0,
                    (0..<Int.random(in: 0...250, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }))
        }
    }
}
