import Seeds
import Hex
import SmartCard
import Testing

@testable import Devices

private let tag = "5669564F746563683200"

@Suite("ViVOtech2 frames and exchanges")
struct ViVOTests {
    @Test(
        "commands as the manual and its rule have them",
        arguments: [
            (0x18, 0x01, "", "1801 0000 B3CD"), (0x03, 0x02, "", "0302 0000 5B91"), (0x01, 0x01, "01", "0101 0001 01 D734"),
            (0x29, 0x00, "", "2900 0000 DEA0"), (0x05, 0x01, "", "0501 0000 92EF"), (0x02, 0x40, "0A", "0240 0001 0A 4673"),
            (0x02, 0x01, "0A9F0206000000000100", "0201 000A 0A9F0206000000000100 E95C"),
        ] as [(UInt8, UInt8, String, String)])
    func commands(command: UInt8, second: UInt8, data: String, frame: String) {
        #expect(ViVOFrame(command: command, second: second, data: hex(data)).encodedCommand == hex(tag + frame))
    }

    @Test("responses: the manual's ping, and every prefix and every broken byte of it")
    func responses() {
        let ping = hex(tag + "1800 0000 FA83")
        #expect(ViVOFrame.read(ping) == .frame(ViVOFrame(command: 0x18, second: 0, data: []), length: 16))
        for length in 0..<ping.count { #expect(ViVOFrame.read(Array(ping.prefix(length))) == .needMore) }
        for index in ping.indices {
            var broken = ping
            broken[index] ^= 0x01
            if case .frame = ViVOFrame.read(broken) { Issue.record("a frame broken at byte \(index) was taken") }
        }
        #expect(
            ViVOFrame.read(hex(tag + "8300 0002 E101 0D25")) == .frame(ViVOFrame(command: 0x83, second: 0, data: [0xE1, 0x01]), length: 18))
    }

    @Test("frames in reports: one, two, many; the end comes from the length")
    func reports() {
        for length in [0, 47, 48, 110, 111, 300] {
            let frame = ViVOFrame(command: 0x02, second: 0x23, data: [UInt8](repeating: 0xFF, count: length))
            let reports = ViVOReports.split(frame.encodedCommand)
            #expect(reports.allSatisfy { $0.count == 64 })
            #expect(reports.first?.first == (reports.count == 1 ? 1 : 2))
            var assembler = ViVOReports.Assembler()
            for (index, report) in reports.enumerated() {
                #expect(assembler.on(report) == (index == reports.count - 1 ? .frame(frame) : .needMore))
            }
        }
        var assembler = ViVOReports.Assembler()
        #expect(assembler.on([3] + [UInt8](repeating: 0, count: 63)) == .malformed)
        #expect(assembler.on([9]) == .malformed)
        #expect(assembler.on([]) == .malformed)
    }

    private func reports(_ command: UInt8, _ status: UInt8, _ data: [UInt8] = []) -> [[UInt8]] {
        ViVOReports.split(ViVOFrame(command: command, second: status, data: data).encodedCommand)
    }

    private func isWait(_ action: HIDExchangeAction<ViVOFrame>) -> Bool { if case .wait = action { true } else { false } }

    @Test("a transaction: events of the user interface are passed over, the answer ends it")
    func transaction() throws {
        var exchange = ViVOExchange(ViVOFrame(command: 0x02, second: 0x40, data: [10]), limit: .seconds(15))
        guard case .write(let written) = exchange.on(.start) else { return #expect(Bool(false), "nothing written") }
        #expect(written.map(\.id) == [1])
        #expect(written.allSatisfy { $0.kind == .output && $0.bytes.first == $0.id })
        #expect(isWait(exchange.on(.written)))
        #expect(isWait(exchange.on(.received(reports(0x02, ViVOStatus.userInterfaceEvent, [1])[0]))))
        #expect(isWait(exchange.on(.received(reports(0x18, 0)[0]))))
        #expect(isWait(exchange.on(.received([1, 2, 3]))))
        guard case .finish(let result) = exchange.on(.received(reports(0x02, 0x23, [1])[0])) else {
            return #expect(Bool(false), "not over")
        }
        #expect(try result.get().data == [1])
    }

    @Test("a cancelled transaction is stopped in the reader, and only then over")
    func cancelled() {
        var exchange = ViVOExchange(ViVOFrame(command: 0x02, second: 0x40, data: [10]), limit: .seconds(15))
        _ = exchange.on(.start)
        _ = exchange.on(.written)
        guard case .write(let written) = exchange.on(.cancelled) else { return #expect(Bool(false), "nothing written") }
        #expect(written.first?.bytes.starts(with: [1] + ViVOExchange.cancelTransaction.encodedCommand) == true)
        #expect(isWait(exchange.on(.written)))
        // The transaction's own end comes first.
        #expect(isWait(exchange.on(.received(reports(0x02, 0x0A)[0]))))
        guard case .finish(.failure(let error)) = exchange.on(.received(reports(0x05, 0x00)[0])) else {
            return #expect(Bool(false), "not over")
        }
        #expect(error.code == .cancelled)
    }

    @Test("a reader that only babbles is given up")
    func babble() {
        var exchange = ViVOExchange(ViVOFrame(command: 0x18, second: 0x01, data: []), limit: .seconds(2))
        _ = exchange.on(.start)
        _ = exchange.on(.written)
        for _ in 0..<100 {
            if case .finish(.failure(let error)) = exchange.on(.received([7, 7, 7])) { return #expect(error.code == .protocolViolation) }
        }
        Issue.record("it went on")
    }

    @Test("any events in any order end in bounded steps")
    func random() {
        var random = SeededRandom(seed: 62)
        for _ in 0..<2_000 {
            var exchange = ViVOExchange(
                ViVOFrame(command: Bool.random(using: &random) ? 0x02 : 0x18, second: 0x40, data: []), limit: .seconds(1))
            var action = exchange.on(.start)
            var steps = 0
            while true {
                if case .finish = action { break }
                steps += 1
                #expect(steps < 200)
                if steps >= 200 { break }
                let events: [HIDExchangeEvent] = [
                    .written, .expired, .stalled, .cancelled, .answered([]),
                    .received((0..<64).map { _ in UInt8.random(in: 0...4, using: &random) }),
                ]
                action = exchange.on(events.randomElement(using: &random) ?? .written)
            }
        }
    }

    // MARK: Contactless

    @Test("02-40 carries time limit, amounts, type, currency, date and time")
    func activate() {
        let request = ContactlessRequest(
            amount: 1250, amountOther: 0, transactionType: 0, currency: 840, date: "261125", time: "154831", seconds: 60)
        let frame = ViVOContactless.activate(request)
        #expect(frame.data.hex == "3C9F02060000000012509F03060000000000009C01005F2A0208409A032611259F2103154831")
    }

    private func read(_ status: UInt8, _ data: String) throws -> ContactlessRead {
        try ViVOContactless.read(ViVOFrame(command: 0x02, second: status, data: hex(data)))
    }

    @Test("verdicts by status, attribution and cryptogram")
    func verdicts() throws {
        #expect(try read(0x23, "01 9F270180").verdict == .onlineRequested)
        #expect(try read(0x00, "01 9F270180").verdict == .onlineRequested)
        #expect(try read(0x00, "01 9F270140").verdict == .approvedOffline)
        #expect(try read(0x00, "01 9F270100").verdict == .declined)
        #expect(try read(0x00, "01").verdict == .failed)
        // Contactless MSD: the host decides.
        #expect(try read(0x00, "11 5703123456").verdict == .onlineRequested)
        #expect(try read(0x08, "").verdict == .timedOut)
        #expect(try read(0x0A, "FFEE1F0430000000").verdict == .failed)
        #expect(throws: DeviceError.self) { try read(0x1D, "") }
        #expect(throws: DeviceError.self) { try read(0x23, "01 9F2705") }
    }

    @Test("what the reader encrypted is passed on, and not among the objects in clear")
    func encrypted() throws {
        let read = try read(0x23, "41 DFEE120A62994901190000000001 5708A1A2A3A4A5A6A7A8 5A081111111111111111 9F270180 9F36020001")
        let encrypted = try #require(read.encrypted)
        #expect(encrypted.scheme == "IDTECH-TDES")
        #expect(encrypted.keySerialNumber.hex == "62994901190000000001")
        #expect(encrypted.track2.hex == "A1A2A3A4A5A6A7A8")
        #expect(read.objects.map(\.tag) == [0x9F27, 0x9F36])
    }
}
