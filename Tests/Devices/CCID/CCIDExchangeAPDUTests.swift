import Testing

@testable import Devices

@Suite("CCID exchange, APDUs in blocks")
struct CCIDExchangeAPDUTests {
    private let command = [UInt8]((0..<25).map { UInt8($0) })

    private func block(_ sequence: UInt8, _ level: UInt8, _ data: [UInt8]) -> [Action] {
        [.write(message(0x6F, sequence, [0, level, 0], data)), .read(within: timing.card)]
    }

    @Test("short APDU level: up to 261 bytes, and what does not fit is refused without a frame")
    func shortLimits() {
        var longest = exchange(.apdu([UInt8](repeating: 0, count: 261)))
        #expect(longest.on(.start).count == 2)
        var tooLong = exchange(.apdu([UInt8](repeating: 0, count: 262)))
        #expect(failure(tooLong.on(.start)) == .unsupported)
        var small = exchange(.apdu([UInt8](repeating: 0, count: 100)), maximum: 100)
        #expect(failure(small.on(.start)) == .unsupported)
        var none = exchange(.apdu([0, 0, 0]))
        #expect(failure(none.on(.start)) == .unsupported)
    }

    @Test("short APDU level: bChainParameter is reserved and not looked at")
    func shortChain() {
        var apdu = exchange(.apdu(command))
        _ = apdu.on(.start)
        #expect(apdu.on(.received(frame(0x80, 1, specific: 0x77, [0x90, 0]))) == success([0x90, 0]))
    }

    @Test("a response without status word breaks the protocol")
    func noStatusWord() {
        for data in [[], [0x90]] as [[UInt8]] {
            var apdu = exchange(.apdu(command))
            _ = apdu.on(.start)
            #expect(apdu.on(.received(frame(0x80, 1, data))) == aborting(1))
            #expect(failure(apdu.on(.received(frame(0x81, 1)))) == .protocolViolation)
        }
    }

    @Test("extended APDU level: what fits goes as a whole")
    func whole() {
        var apdu = exchange(.apdu(command), level: .extendedAPDU)
        #expect(apdu.on(.start) == block(1, 0, command))
        #expect(apdu.on(.received(frame(0x80, 1, [0x90, 0]))) == success([0x90, 0]))
    }

    @Test("extended APDU level: a command is sent in parts, each on an empty block of the reader")
    func commandChain() {
        var apdu = exchange(.apdu(command), level: .extendedAPDU, maximum: 20)
        #expect(apdu.on(.start) == block(1, 1, Array(command[0..<10])))
        #expect(apdu.on(.received(frame(0x80, 1, specific: 0x10))) == block(2, 3, Array(command[10..<20])))
        #expect(apdu.on(.received(frame(0x80, 2, specific: 0x10))) == block(3, 2, Array(command[20...])))
        #expect(apdu.on(.received(frame(0x80, 3, [0x90, 0]))) == success([0x90, 0]))
    }

    @Test("extended APDU level: a response in parts is asked for with empty blocks and joined")
    func responseChain() {
        var apdu = exchange(.apdu(command), level: .extendedAPDU)
        _ = apdu.on(.start)
        #expect(apdu.on(.received(frame(0x80, 1, specific: 1, [1, 2]))) == block(2, 0x10, []))
        #expect(apdu.on(.received(frame(0x80, 2, specific: 3, [3]))) == block(3, 0x10, []))
        #expect(apdu.on(.received(frame(0x80, 3, specific: 2, [0x90, 0]))) == success([1, 2, 3, 0x90, 0]))
    }

    @Test("a reader that has the command and wants to be asked for the response is asked")
    func asksForQuestion() {
        var apdu = exchange(.apdu(command), level: .extendedAPDU)
        _ = apdu.on(.start)
        #expect(apdu.on(.received(frame(0x80, 1, specific: 0x10))) == block(2, 0x10, []))
        #expect(apdu.on(.received(frame(0x80, 2, [0x90, 0]))) == success([0x90, 0]))
        var endless = exchange(.apdu(command), level: .extendedAPDU)
        _ = endless.on(.start)
        for number: UInt8 in 1...10 { #expect(endless.on(.received(frame(0x80, number, specific: 0x10))).count == 2) }
        #expect(endless.on(.received(frame(0x80, 11, specific: 0x10))) == aborting(11))
    }

    @Test("an answer before the whole command was sent breaks the protocol")
    func earlyAnswer() {
        var apdu = exchange(.apdu(command), level: .extendedAPDU, maximum: 20)
        _ = apdu.on(.start)
        #expect(apdu.on(.received(frame(0x80, 1, [0x90, 0]))) == aborting(1))
    }

    @Test("response parts out of order break the protocol")
    func order() {
        for first: UInt8 in [2, 3, 0x77] {
            var apdu = exchange(.apdu(command), level: .extendedAPDU)
            _ = apdu.on(.start)
            #expect(apdu.on(.received(frame(0x80, 1, specific: first, [0x90, 0]))) == aborting(1))
        }
        for second: UInt8 in [0, 1, 0x10, 0x77] {
            var apdu = exchange(.apdu(command), level: .extendedAPDU)
            _ = apdu.on(.start)
            _ = apdu.on(.received(frame(0x80, 1, specific: 1, [1])))
            #expect(apdu.on(.received(frame(0x80, 2, specific: second, [0x90, 0]))) == aborting(2))
        }
        var empty = exchange(.apdu(command), level: .extendedAPDU)
        _ = empty.on(.start)
        #expect(empty.on(.received(frame(0x80, 1, specific: 1))) == aborting(1))
    }

    @Test("a response longer than any response APDU breaks the protocol")
    func endless() {
        var apdu = exchange(.apdu(command), level: .extendedAPDU)
        _ = apdu.on(.start)
        let part = [UInt8](repeating: 0, count: 20_000)
        #expect(apdu.on(.received(frame(0x80, 1, specific: 1, part))).count == 2)
        #expect(apdu.on(.received(frame(0x80, 2, specific: 3, part))).count == 2)
        #expect(apdu.on(.received(frame(0x80, 3, specific: 3, part))).count == 2)
        #expect(apdu.on(.received(frame(0x80, 4, specific: 3, part))) == aborting(4))
    }

    @Test("after a chain the sequence goes on from its last frame")
    func sequence() {
        var apdu = exchange(.apdu(command), after: 0xFE, level: .extendedAPDU, maximum: 20)
        _ = apdu.on(.start)
        _ = apdu.on(.received(frame(0x80, 0xFF, specific: 0x10)))
        #expect(apdu.on(.received(frame(0x80, 0x00, specific: 0x10))) == block(1, 2, Array(command[20...])))
        _ = apdu.on(.received(frame(0x80, 1, [0x90, 0])))
        #expect(apdu.sequence == 1)
    }
}
