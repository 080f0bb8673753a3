import Seeds
import Hex
import Keys
import Testing

@testable import Devices

private let descriptor = try? HIDReportDescriptor(
    parsing: hex(
        "0620FF 0901 A101 7508 1500 26FF00 8501 0901 9504 B20201 8502 0902 9501 B20201 8503 0903 9503 B20201 8504 0904 9505 B20201 8505 0905 9501 B20201 850A 090A 9501 B20201 850D 090D 9515 B20201 8524 0924 9513 820201 C0"
    ))

@Suite("DynaPro exchanges")
struct DynaProTests {
    private typealias Action = HIDExchangeAction<DynaProExchange.Outcome>

    private func exchange(_ commands: [DynaProReports.Command], _ purpose: DynaProExchange.Purpose) throws -> DynaProExchange {
        DynaProExchange(commands, purpose, limit: .seconds(30), descriptor: try #require(descriptor))
    }

    private func written(_ action: Action) -> [UInt8]? { if case .write(let reports) = action { reports.first?.bytes } else { nil } }
    private func isWait(_ action: Action) -> Bool { if case .wait = action { true } else { false } }
    private func isGet(_ action: Action) -> Bool { if case .get(.feature, 1, 5) = action { true } else { false } }

    private func acknowledge(_ exchange: inout DynaProExchange, _ status: UInt8 = 0) -> Action {
        let asked = exchange.on(.written)
        #expect(isGet(asked))
        return exchange.on(.answered([1, status, 4, 0, 0]))
    }

    private func end(_ action: Action) -> Result<DynaProExchange.Outcome, DeviceError>? {
        if case .finish(let result) = action { result } else { nil }
    }

    @Test("PIN entry: account number, then the PIN; key serial number and block are passed on")
    func pin() throws {
        let pan = try #require(PAN("4761739001010119"))
        var exchange = try exchange(
            [.sendPAN(pan), .requestPIN(seconds: 30, minimum: 4, maximum: 12, withAmount: false)], .pin)
        let sent = try #require(written(exchange.on(.start)))
        #expect(sent.count == 22)
        #expect(sent.starts(with: [0x0D, 1, 16] + Array("4761739001010119".utf8)))
        #expect(written(acknowledge(&exchange)) == [0x04, 30, 0, 0xC4, 1, 0])
        #expect(isWait(acknowledge(&exchange)))
        // The device tells its state in between.
        #expect(isWait(exchange.on(.received([0x20, 3, 2, 0, 0, 0x0F, 0]))))
        let answer = hex("2400 FFFF9876543210E00001 1122334455667788")
        guard case .success(.pin(.entered(let block, let serial)))? = end(exchange.on(.received(answer))) else {
            return #expect(Bool(false), "no PIN")
        }
        #expect(serial.hex == "FFFF9876543210E00001")
        #expect(block == SecretBytes(hex("1122334455667788")))
    }

    @Test(
        "how PIN entry ends otherwise",
        arguments: [("2401", "cancelled"), ("2402", "timedOut"), ("2403", "cancelled"), ("2405", "refused"), ("2400", "violation")])
    func pinEnds(report: String, expected: String) throws {
        var exchange = try exchange([.requestPIN(seconds: 30, minimum: 4, maximum: 4, withAmount: false)], .pin)
        _ = exchange.on(.start)
        _ = acknowledge(&exchange)
        let seen: String =
            switch end(exchange.on(.received(hex(report)))) {
            case .success(.pin(.cancelled)): "cancelled"
            case .success(.pin(.timedOut)): "timedOut"
            case .failure(let error): error.code == .refused ? "refused" : "violation"
            default: "other"
            }
        #expect(seen == expected)
    }

    @Test("a pad that is locked by too many PINs (87) says so", arguments: [UInt8(0x87), 0x85, 0x86, 0x82])
    func refusals(status: UInt8) throws {
        var exchange = try exchange([.requestPIN(seconds: 30, minimum: 4, maximum: 4, withAmount: false)], .pin)
        _ = exchange.on(.start)
        guard case .failure(let error)? = end(acknowledge(&exchange, status)) else { return #expect(Bool(false), "not refused") }
        #expect(error.code == (status == 0x86 ? .busy : .refused))
        #expect(status != 0x87 || error.message.contains("locked"))
    }

    @Test("giving up cancels in the pad and waits for its end")
    func cancelled() throws {
        var exchange = try exchange([.requestPIN(seconds: 30, minimum: 4, maximum: 4, withAmount: false)], .pin)
        _ = exchange.on(.start)
        _ = acknowledge(&exchange)
        #expect(written(exchange.on(.cancelled)) == [0x05, 0])
        #expect(isGet(exchange.on(.written)))
        #expect(isWait(exchange.on(.answered([1, 0, 5, 0, 0]))))
        guard case .failure(let error)? = end(exchange.on(.received(hex("2403")))) else { return #expect(Bool(false), "not over") }
        #expect(error.code == .cancelled)
    }

    @Test("a swipe: card status, then the card data reports; encrypted tracks win over masked ones")
    func swipe() throws {
        var exchange = try exchange([.requestSwipe(seconds: 32, chipFailed: false)], .swipe)
        #expect(written(exchange.on(.start)) == [0x03, 32, 1, 1])
        #expect(isWait(acknowledge(&exchange)))
        #expect(written(exchange.on(.received(hex("22000001")))) == [0x0A, 0])
        #expect(isWait(exchange.on(.written)))
        let masked = ";5452000000007189=080400000000000000?"
        func data(_ id: UInt8, _ bytes: [UInt8], status: UInt8 = 0) -> [UInt8] { [0x23, id, status, UInt8(bytes.count)] + bytes }
        #expect(isWait(exchange.on(.received(data(2, Array(masked.utf8))))))
        #expect(isWait(exchange.on(.received(data(5, [UInt8](repeating: 7, count: 0x28))))))
        #expect(isWait(exchange.on(.received(data(6, [], status: 1)))))
        guard case .success(.swipe(let read?))? = end(exchange.on(.received(data(0x63, hex("FFFF9876543210E00008A1050000"))))) else {
            return #expect(Bool(false), "no swipe")
        }
        #expect(read.encrypted?.track2.count == 0x28)
        #expect(read.encrypted?.maskedTrack2 == masked)
        #expect(read.encrypted?.keySerialNumber.hex == "FFFF9876543210E00008")
    }

    // MARK: Typed cards

    /// To the wait for the end of command 11.
    private func keying() throws -> DynaProExchange {
        var exchange = try exchange([.requestManualEntry(seconds: 90)], .keyed)
        // Account number and expiry, one beep (D99875629-43, page 48).
        #expect(written(exchange.on(.start)) == [0x11, 90, 1, 1])
        #expect(isWait(acknowledge(&exchange)))
        return exchange
    }

    private func data(_ id: UInt8, _ text: String) -> [UInt8] { [0x23, id, text.isEmpty ? 1 : 0, UInt8(text.utf8.count)] + text.utf8 }

    /// To the end of the card data reports.
    private func keyed(
        _ reports: [[UInt8]], serial: String = "00000000000000000000"
    ) throws -> Result<DynaProExchange.Outcome, DeviceError>? {
        var exchange = try keying()
        #expect(written(exchange.on(.received(hex("22000003")))) == [0x0A, 0])
        #expect(isWait(exchange.on(.written)))
        for report in reports { #expect(isWait(exchange.on(.received(report)))) }
        return end(exchange.on(.received([0x23, 0x63, 0, 14] + hex(serial) + [0, 0, 0, 0])))
    }

    @Test("a typed card: number and expiry of the track that the pad makes up; the other track where one is missing")
    func keyedCard() throws {
        // The manual's sample tracks, with a number and a date (page 49).
        let first = "%M4761739001010119^MANUAL ENTRY/^39120000004444000006?"
        let second = ";4761739001010119=39120000004444006?"
        for reports in [[data(1, first), data(2, second)], [data(1, ""), data(2, second)], [data(1, first), data(2, "")]] {
            guard case .success(.keyed(.entered(let number, let expiry)))? = try keyed(reports) else {
                return #expect(Bool(false), "no card")
            }
            #expect(number == SecretBytes("4761739001010119".utf8))
            // The security code goes nowhere.
            #expect(expiry == "3912")
        }
    }

    @Test("a typed card of a pad with a key for tracks is passed on encrypted, with what it shows of it")
    func keyedEncrypted() throws {
        let masked = ";4761730000000119=39120000000000000?"
        let outcome = try keyed([data(2, masked), [0x23, 5, 0, 40] + [UInt8](repeating: 7, count: 40)], serial: "FFFF9876543210E00008")
        guard case .success(.keyed(.encrypted(let tracks)))? = outcome else { return #expect(Bool(false), "not encrypted") }
        #expect(tracks.maskedTrack2 == masked && tracks.track2.count == 40 && tracks.keySerialNumber.hex == "FFFF9876543210E00008")
    }

    @Test(
        "what is no typed card is none",
        arguments: ["", ";4761739001010119", ";4761739001010119=39", "4761739001010119=3912000?", "%B4761^A/B^3912?"])
    func keyedNothing(track2: String) throws {
        guard case .failure(let error)? = try keyed([data(2, track2)]) else { return #expect(Bool(false), "a card") }
        #expect(error.code == .protocolViolation)
    }

    @Test(
        "how keying ends otherwise",
        arguments: [
            ("22010000", "cancelled"), ("22020000", "timedOut"), ("22030000", "cancelled"), ("22050000", "refused"), ("2200", "violation"),
            // A swiped card where a typed one was asked for.
            ("22000001", "violation"),
        ])
    func keyingEnds(report: String, expected: String) throws {
        var exchange = try keying()
        let seen: String =
            switch end(exchange.on(.received(hex(report)))) {
            case .success(.keyed(.cancelled)): "cancelled"
            case .success(.keyed(.timedOut)): "timedOut"
            case .failure(let error): error.code == .refused ? "refused" : "violation"
            default: "other"
            }
        #expect(seen == expected)
    }

    @Test("a pad whose state is not OK (8A) takes no number, one that is silent ran out of time and is told to stop")
    func keyingRefused() throws {
        var refused = try exchange([.requestManualEntry(seconds: 1000)], .keyed)
        #expect(written(refused.on(.start)) == [0x11, 255, 1, 1])
        guard case .failure(let error)? = end(acknowledge(&refused, 0x8A)) else { return #expect(Bool(false), "not refused") }
        #expect(error.code == .busy)
        var silent = try keying()
        #expect(written(silent.on(.expired)) == [0x05, 0])
        #expect(isGet(silent.on(.written)))
        #expect(isWait(silent.on(.answered([1, 0, 5, 0, 0]))))
        guard case .success(.keyed(.timedOut))? = end(silent.on(.received(hex("22030000")))) else {
            return #expect(Bool(false), "not over")
        }
    }

    @Test("device state: any key status but 0 is no usable key")
    func state() throws {
        let state = try #require(DynaProReports.State([0x20, 0, 0, 0x01, 0, 0x0F, 0]))
        #expect(!state.hasPINKey && state.hasStripeKey)
        #expect(DynaProReports.State([0x20, 0, 0]) == nil)
    }

    @Test("any events in any order end in bounded steps")
    func random() throws {
        var random = SeededRandom(seed: 0x3009)
        for round in 0..<2_000 {
            let purpose = ([.swipe, .pin, .keyed] as [DynaProExchange.Purpose])[round % 3]
            var exchange = try exchange([.endSession, .requestSwipe(seconds: 1, chipFailed: true)], purpose)
            var action = exchange.on(.start)
            var steps = 0
            while end(action) == nil {
                steps += 1
                #expect(steps < 300)
                if steps >= 300 { break }
                let noise =
                    [
                        [1, 0, 0, 0, 0], [0x22, 0, 0, 1], [0x22, 0, 0, 3], [0x24, 0], [0x23, 0x63, 0, 200],
                        [0x23, 2, 0, 60] + random.bytes(60),
                        [0x23, 2, 0, 4, 0x3B, 0x3D], [0x20], [],
                    ] as [[UInt8]]
                let bytes = noise.randomElement(using: &random) ?? []
                action = exchange.on(
                    ([.written, .expired, .stalled, .cancelled, .answered(bytes), .received(bytes)] as [HIDExchangeEvent]).randomElement(
                        using: &random)
                        ?? .written)
            }
        }
    }
}

@Suite("SmartPIN K100 exchanges")
struct SmartPINTests {
    private func report(_ body: [UInt8]) -> [UInt8] {
        let frame = SmartPINFrames.frame(body)
        return frame + [UInt8](repeating: 0, count: 64 - frame.count)
    }

    private func end(_ action: HIDExchangeAction<PINEntry>) -> Result<PINEntry, DeviceError>? {
        if case .finish(let result) = action { result } else { nil }
    }

    @Test("the account number goes with sixteen digits; key serial number and block come back as text")
    func pin() throws {
        for (number, sixteen) in [
            ("4761739001010119", "4761739001010119"), ("371449635398431", "0371449635398431"), ("6304000000000000000", "4000000000000000"),
        ] {
            var exchange = SmartPINExchange(try #require(PAN(number)), limit: .seconds(30))
            guard case .write(let reports) = exchange.on(.start) else { return #expect(Bool(false), "nothing written") }
            #expect(reports.map(\.bytes) == [report([0x75, 0x46, 0x07, 0x01] + Array(sixteen.utf8))])
            _ = exchange.on(.written)
            // Keys are told as they are pressed.
            _ = exchange.on(.received([0x2A] + [UInt8](repeating: 0, count: 63)))
            let answer = report([0x06] + Array("62994901190000000001A1B2C3D4E5F60718".utf8))
            guard case .success(.entered(let block, let serial))? = end(exchange.on(.received(answer))) else {
                return #expect(Bool(false), "no PIN")
            }
            #expect(serial.hex == "62994901190000000001")
            #expect(block == SecretBytes(hex("A1B2C3D4E5F60718")))
        }
    }

    @Test("cancelled on the pad, refused, given up")
    func ends() throws {
        func begun() throws -> SmartPINExchange {
            var exchange = SmartPINExchange(try #require(PAN("4761739001010119")), limit: .seconds(30))
            _ = exchange.on(.start)
            _ = exchange.on(.written)
            return exchange
        }
        var refused = try begun()
        guard case .failure(let error)? = end(refused.on(.received(report([0x15, 0x04, 0x00])))) else {
            return #expect(Bool(false), "not refused")
        }
        #expect(error.code == .refused)
        var key = try begun()
        guard case .write(let reports) = key.on(.received([0x43] + [UInt8](repeating: 0, count: 63))) else {
            return #expect(Bool(false), "the pad was not told")
        }
        #expect(reports.first?.bytes == report([0x75, 0x46, 0x09]))
        _ = key.on(.written)
        guard case .success(.cancelled)? = end(key.on(.received(report([0x15, 0x18, 0x00])))) else {
            return #expect(Bool(false), "not over")
        }
        var late = try begun()
        _ = late.on(.expired)
        guard case .success(.timedOut)? = end(late.on(.expired)) else { return #expect(Bool(false), "not over") }
    }
}
