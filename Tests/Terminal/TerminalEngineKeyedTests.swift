import Devices
import Keys
import PaymentHost
import Testing
import USB

@testable import Terminal

/// A keypad whose cardholder is the test.
private final class ScriptedKeypad: CardKeypad {
    let device = DeviceDescription(
        kind: .pinpad, model: "Scripted", serialNumber: "5", vendorID: 1, productID: 5, path: USBBusPath("1-5"), driver: "test",
        state: .ready)
    /// Asked, and given up.
    let log = Awaitable<String>()
    private let answers: (stream: AsyncStream<Answer>, continuation: AsyncStream<Answer>.Continuation)
    typealias Answer = Result<KeyedCard, DeviceError>

    init() { answers = AsyncStream.makeStream() }

    func enterCard(seconds: Int) async throws(DeviceError) -> KeyedCard {
        log.append("asked")
        for await answer in answers.stream { return try answer.get() }
        log.append("given up")
        throw DeviceError(.cancelled, "given up")
    }

    func type(_ number: String, _ expiry: String = "3912") {
        answer(.success(.entered(number: SecretBytes(number.utf8), expiry: expiry)))
    }

    func answer(_ answer: Answer) { answers.continuation.yield(answer) }
}

@Suite("Typed card numbers through the engine", .timeLimit(.minutes(1)))
struct TerminalEngineKeyedTests {
    private static let number = "4111111111111111"

    private func rig(_ keypad: ScriptedKeypad?, parameters: [String: String] = [:]) async throws -> Rig {
        let rig = try await Rig(parameters: parameters)
        rig.devices.plug(keypad: keypad)
        while !Task.isCancelled, await (rig.engine.entry.keypad != nil) != (keypad != nil) { await Task.yield() }
        return rig
    }

    private func sale(_ modes: Set<String>? = ["manual"]) -> TransactionRequest {
        var request = Rig.sale()
        request.entryModes = modes
        return request
    }

    @Test("a typed card: number and expiry to the host without a track, Manual, stars and expDate to the POS, a line to sign on")
    func keyed() async throws {
        let keypad = ScriptedKeypad()
        let rig = try await rig(keypad)
        let sale = try await rig.sell(sale())
        await sale.status(.cardEntry)
        await keypad.log.wait { $0 == ["asked"] }
        #expect(await rig.display.shown.wait { $0.last?.prompt == .keyCard }.last?.text.hasPrefix("USD 5.00\n") == true)
        keypad.type(Self.number)
        let exchange = try await rig.host.next()
        let request = try #require(exchange.financial)
        #expect(request.entryMode == .manual && request.authentication == .signature && request.pin == nil)
        guard case .clear(let card) = request.card else { return #expect(Bool(false), "no card") }
        #expect(card.pan == PAN(Self.number) && card.expiry == "3912")
        #expect(card.track2 == nil && card.iccData == nil && card.panSequenceNumber == nil)
        exchange.approve()
        let answer = await sale.final()
        #expect(answer.result == .completed && answer.approval == .approved)
        #expect(answer.entryMode == "Manual" && answer.account == "411111******1111" && answer.expiryDate == "3912")
        #expect(answer.cardBrand == "VISA" && answer.cvm == "SIGNATURE" && answer.aid == nil)
        let receipt = try #require(answer.merchantReceipt)
        #expect(receipt.contains("Manual") && receipt.contains("SIGNATURE") && !receipt.contains("39"))
        #expect(sale.contexts == [.cardEntry, .communication])
    }

    @Test("nobody is asked to type where entryModes does not say so; without a keypad `manual` is 20")
    func onlyWhenAsked() async throws {
        let keypad = ScriptedKeypad()
        let rig = try await rig(keypad)
        for modes in [nil, ["chip"] as Set] {
            let sale = try await rig.sell(sale(modes))
            await sale.status(.card)
            #expect(await rig.engine.cancel(sale.id) == .cancelled)
            _ = await sale.final()
        }
        #expect(keypad.log.all.isEmpty)
        let without = try await self.rig(nil)
        #expect(await without.refusal(sale())?.result == .terminalNotReady)
    }

    @Test("a wrong check digit, no date and a date that is past are asked for again; the third is 2, and the host hears nothing")
    func refused() async throws {
        let keypad = ScriptedKeypad()
        let rig = try await rig(keypad)
        let sale = try await rig.sell(sale())
        for (attempt, typed) in [("4111111111111112", "3912"), (Self.number, "3913"), (Self.number, "2001")].enumerated() {
            await keypad.log.wait { $0.count == attempt + 1 }
            keypad.type(typed.0, typed.1)
        }
        let answer = await sale.final()
        #expect(answer.result == .cardUnreadable && answer.account == nil && answer.expiryDate == nil)
        #expect(rig.display.shown.all.count { $0.prompt == .keyCardAgain } == 2)
        #expect(rig.host.exchanges.all.isEmpty)
    }

    @Test("Cancel at the keypad is 11, its time limit 10, a fault of it 202; a Cancel of the POS has it give up")
    func ends() async throws {
        let keypad = ScriptedKeypad()
        let rig = try await rig(keypad)
        let ends: [(Result<KeyedCard, DeviceError>, ResultCode)] = [
            (.success(.cancelled), .cancelledByCardholder), (.success(.timedOut), .timeout),
            (.failure(DeviceError(.refused, "no")), .deviceFault),
        ]
        for (number, (answer, result)) in ends.enumerated() {
            let sale = try await rig.sell(sale())
            await keypad.log.wait { $0.count == number + 1 }
            keypad.answer(answer)
            #expect(await sale.final().result == result)
        }
        let sale = try await rig.sell(sale())
        await keypad.log.wait { $0.count == ends.count + 1 }
        #expect(await rig.engine.cancel(sale.id) == .cancelled)
        #expect(await sale.final().result == .cancelledByPOS)
        await keypad.log.wait { $0.last == "given up" }
    }

    @Test("who types is not disturbed by the other readers; a card that is put in instead has the keypad give up")
    func besideOthers() async throws {
        let (keypad, stripe) = (ScriptedKeypad(), ScriptedStripe())
        let rig = try await rig(keypad)
        let sale = try await rig.sell(sale(["chip", "swipe", "manual"]))
        await keypad.log.wait { $0 == ["asked"] }
        rig.devices.plug(stripe: stripe, contactless: nil, printer: nil)
        await stripe.listening.wait { !$0.isEmpty }
        #expect(keypad.log.all == ["asked"])
        rig.reader.insert()
        await keypad.log.wait { $0 == ["asked", "given up"] }
        let exchange = try await rig.host.next()
        exchange.approve()
        let answer = await sale.final()
        #expect(answer.entryMode == "Chip" && answer.expiryDate == nil)
    }

    @Test("a pad that encrypts: the host decides, the terminal shows what the pad shows")
    func encrypted() async throws {
        let keypad = ScriptedKeypad()
        let rig = try await rig(keypad)
        let sale = try await rig.sell(sale())
        await keypad.log.wait { $0 == ["asked"] }
        keypad.answer(
            .success(
                .encrypted(
                    EncryptedTracks(
                        scheme: "MAGNESAFE-TDES", keySerialNumber: [1, 2, 3], track1: [], track2: [9, 9, 9, 9, 9, 9, 9, 9], track3: [],
                        maskedTrack2: ";4111110000001111=3912000000000000?"))))
        let exchange = try await rig.host.next()
        let request = try #require(exchange.financial)
        guard case .encrypted(let card) = request.card else { return #expect(Bool(false), "not encrypted") }
        #expect(card.ciphertext == [9, 9, 9, 9, 9, 9, 9, 9] && card.keySerialNumber == [1, 2, 3] && request.entryMode == .manual)
        exchange.approve()
        let answer = await sale.final()
        #expect(answer.entryMode == "Manual" && answer.account == "411111******1111" && answer.expiryDate == "3912")
    }

    @Test("a typed card is never approved without its issuer, whatever store and forward allows")
    func noStoreAndForward() async throws {
        let keypad = ScriptedKeypad()
        let limits = ["SAFENABLED": "1", "SAFAMOUNTLIMIT": "1000", "SAFTOTALLIMIT": "1500", "SAFCOUNTLIMIT": "3", "SAFHOURS": "2"]
        let rig = try await rig(keypad, parameters: limits)
        let sale = try await rig.sell(sale())
        await keypad.log.wait { $0 == ["asked"] }
        keypad.type(Self.number)
        let exchange = try await rig.host.next()
        exchange.answer(.notConnected)
        let answer = await sale.final()
        #expect(answer.result == .hostUnreachable && answer.state == nil && answer.approval == nil)
    }

    @Test("9F33 claims manual key entry while a keypad is attached")
    func capabilities() async throws {
        let rig = try await rig(ScriptedKeypad())
        #expect(await rig.engine.attachedCapabilities.contains(.manualKeyEntry))
        rig.devices.plug(keypad: nil)
        while !Task.isCancelled, await rig.engine.entry.keypad != nil { await Task.yield() }
        #expect(await !rig.engine.attachedCapabilities.contains(.manualKeyEntry))
    }

    @Test("a linked refund with the card typed: another card than the original's is 26")
    func anotherCard() async throws {
        let keypad = ScriptedKeypad()
        let rig = try await rig(keypad)
        let original = try await rig.sell(sale())
        await keypad.log.wait { $0.count == 1 }
        keypad.type(Self.number)
        try await rig.host.next().approve(code: "123456")
        #expect(await original.final().result == .completed)
        var request = Rig.request(.refund, 500, original: "123456")
        request.entryModes = ["manual"]
        let refund = try await rig.sell(request)
        await keypad.log.wait { $0.count == 2 }
        keypad.type("4012888888881881")
        #expect(await refund.final().result == .anotherCard)
        let again = try await rig.sell(request)
        await keypad.log.wait { $0.count == 3 }
        keypad.type(Self.number)
        try await rig.host.next().approve()
        #expect(await again.final().result == .completed)
    }
}
