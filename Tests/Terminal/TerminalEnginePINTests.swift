import Devices
import EMV
import Keys
import SmartCard
import Synchronization
import Testing
import USB

@testable import Terminal

@Suite("TerminalEngine: PIN and issuer scripts", .timeLimit(.minutes(1)))
struct TerminalEnginePINTests {
    /// A pad that enciphers whatever is typed.
    private struct Pad: PINPad {
        let device = DeviceDescription(
            kind: .pinpad, model: "Scripted", serialNumber: "1", vendorID: 1, productID: 2, path: USBBusPath("1-2"), driver: "test",
            state: .ready)
        var entry: PINEntry
        let requests = Awaitable<PINEntryRequest>()

        func enterOnlinePIN(_ request: PINEntryRequest) async throws(DeviceError) -> PINEntry {
            requests.append(request)
            return entry
        }
    }

    private static let block = SecretBytes([1, 2, 3, 4, 5, 6, 7, 8])
    private static let serialNumber: [UInt8] = [0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0x00, 0x01]

    private func pan() throws -> PAN { try #require(PAN(ScriptedKernel.pan)) }

    @Test("An offline PIN is typed on the reader, between Card and Communication")
    func offline() async throws {
        let rig = try await Rig(script: .init(pin: PINRequest(method: .plaintextOffline, triesLeft: 1, isRetry: true)))
        let (sale, exchange) = try await rig.sellUntilHost()
        #expect(exchange.financial?.pin == nil)
        exchange.approve()
        #expect(await sale.final().result == .completed)
        #expect(sale.contexts == [.card, .pin, .communication])
        #expect(rig.reader.log.all.prefix(3) == ["on", "PIN", "1"])
        let question = await rig.display.shown.wait { $0.contains { $0.prompt == .enterPIN } }.first { $0.prompt == .enterPIN }
        #expect(question?.text == "Incorrect PIN\nPlease try again\nLast PIN try\nUSD 5.00\nPlease enter your PIN")
    }

    @Test("An online PIN goes to the host as the pad enciphered it, with its key's serial number")
    func online() async throws {
        let pad = Pad(entry: .entered(block: Self.block, keySerialNumber: Self.serialNumber))
        let rig = try await Rig(script: .init(pin: PINRequest(method: .online(try pan()), bypassAllowed: true)), pad: pad)
        let (sale, exchange) = try await rig.sellUntilHost()
        let pin = try #require(exchange.financial?.pin)
        #expect(pin.scheme == .tdesDUKPT && pin.block == Self.block && pin.keySerialNumber == Self.serialNumber)
        exchange.approve()
        #expect(await sale.final().result == .completed)
        let request = try #require(pad.requests.all.first)
        #expect(request.pan == (try pan()) && request.bypassAllowed && request.amountText == "USD 5.00")
    }

    @Test("A PIN that is cancelled at the keypad cancels the sale: 11, and the host hears nothing")
    func cancelled() async throws {
        let pad = Pad(entry: .cancelled)
        let rig = try await Rig(script: .init(pin: PINRequest(method: .online(try pan()))), pad: pad)
        let sale = try await rig.sell()
        await sale.status(.card)
        rig.reader.insert()
        #expect(await sale.final().result == .cancelledByCardholder)
        #expect(rig.host.exchanges.all.isEmpty)
    }

    @Test("Without a pad the kernel hears that the keypad is missing, and the sale goes on")
    func missing() async throws {
        let rig = try await Rig(script: .init(pin: PINRequest(method: .online(try pan()))))
        let (sale, exchange) = try await rig.sellUntilHost()
        #expect(exchange.financial?.pin == nil)
        exchange.approve()
        #expect(await sale.final().result == .completed)
    }

    @Test("Issuer scripts come after the reply, which never waits for them; only then is the card without power and asked back")
    func scripts() async throws {
        let gate = Awaitable<Bool>()
        let reader = ScriptedReader { number throws(DeviceError) in
            if number == 3 { await gate.wait { !$0.isEmpty } }
            return ResponseAPDU(status: .success)
        }
        let rig = try await Rig(script: .init(hasIssuerScript: true), reader: reader)
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.approve()
        #expect(await sale.final().result == .completed)
        await reader.log.wait { $0.contains("3") }
        #expect(!reader.log.all.contains("off"))
        let meanwhile = await rig.display.shown.wait { $0.last?.prompt == .approved }
        #expect(!meanwhile.contains { $0.prompt == .removeCard })
        gate.append(true)
        let shown = await rig.display.shown.wait { $0.last?.prompt == .removeCard }
        #expect(shown.last?.text.contains("remove your card") == true)
        #expect(reader.log.all == ["on", "1", "2", "3", "off"])
    }
}
