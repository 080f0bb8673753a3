import Keys
import Testing
import USB

@testable import Devices
@testable import Lab

@Suite("DynaPro on the memory bus", .timeLimit(.minutes(1)))
struct DynaProDriverTests {
    private let virtual = VirtualDynaPro { pin, pan in
        // What goes in comes out, so that the test sees it: no real pad does that.
        (pin.withBytes { Array($0) } + [UInt8](repeating: 0, count: 8 - pin.count), pan.withDigits { Array($0.utf8.suffix(10)) })
    }

    private func pad(_ bus: MemoryBus) async throws -> DynaProPad {
        let info = try bus.plug(virtual, at: Bench.port)
        #expect(MagTekPINPadDriver().recognise(info).map(\.kind) == [.pinpad, .stripe])
        guard let pad = try await MagTekPINPadDriver().open(info, on: StrictBus(bus)) as? DynaProPad else {
            throw DeviceError(.unsupported, "no pad")
        }
        return pad
    }

    private func request(_ seconds: Int = 30) throws -> PINEntryRequest {
        PINEntryRequest(pan: try #require(PAN("4761739001010119")), amountText: "12.50", seconds: seconds, bypassAllowed: false)
    }

    @Test("a PIN comes back as block and key serial number, again and again")
    func pin() async throws {
        let bus = MemoryBus()
        let pad = try await pad(bus)
        let request = try request()
        for pin in ["1234", "12345678"] {
            async let entry = pad.enterOnlinePIN(request)
            await eventually("the pad waits") { virtual.isWaitingForPIN }
            virtual.type(pin)
            virtual.enter()
            guard case .entered(let block, let serial) = try await entry else { return #expect(Bool(false), "no PIN") }
            #expect(block.testText.hasPrefix(pin))
            #expect(serial == Array("9001010119".utf8))
        }
        await pad.close()
        await bus.close()
    }

    @Test("cancelled by the cardholder, timed out, given up by the terminal; the pad takes the next")
    func ends() async throws {
        let bus = MemoryBus()
        let pad = try await pad(bus)
        let request = try request()
        async let cancelled = pad.enterOnlinePIN(request)
        await eventually("the pad waits") { virtual.isWaitingForPIN }
        virtual.cancel()
        guard case .cancelled = try await cancelled else { return #expect(Bool(false), "not cancelled") }
        async let late = pad.enterOnlinePIN(request)
        await eventually("the pad waits") { virtual.isWaitingForPIN }
        virtual.expire()
        guard case .timedOut = try await late else { return #expect(Bool(false), "not timed out") }
        let task = Task { await errorCode { () throws(DeviceError) in try await pad.enterOnlinePIN(request) } }
        await eventually("the pad waits") { virtual.isWaitingForPIN }
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(!virtual.isWaitingForPIN)
        await pad.close()
        await bus.close()
    }

    @Test("after 120 PINs the pad is locked, and says so")
    func locked() async throws {
        let bus = MemoryBus()
        let pad = try await pad(bus)
        let request = try request()
        for _ in 0..<120 {
            async let entry = pad.enterOnlinePIN(request)
            await eventually("the pad waits") { virtual.isWaitingForPIN }
            virtual.cancel()
            _ = try await entry
        }
        #expect(await errorCode { () throws(DeviceError) in try await pad.enterOnlinePIN(request) } == .refused)
        await pad.close()
        await bus.close()
    }

    @Test("its stripe reader asks for cards while somebody awaits them; messages are shown")
    func stripe() async throws {
        let bus = MemoryBus()
        let pad = try await pad(bus)
        try await pad.display(6, seconds: 0)
        let stripe = StripeReaderModel.Stripe(track2: SecretBytes(";4761739001010119=39122011234?".utf8))
        let reader = DynaProStripe(device: pad.device, pad: pad)
        do {
            var swipes = reader.swipes().makeAsyncIterator()
            await eventually("the pad waits") { virtual.isWaitingForCard }
            virtual.swipe(stripe)
            let read = await swipes.next()
            #expect(read?.track2 == stripe.track2)
        }
        await eventually("nobody waits any more") { !virtual.isWaitingForCard }
        await pad.close()
        await bus.close()
    }

    @Test("a lost answer ends with the limit, a stall or garbage with an error; an unplugged pad is gone")
    func faults() async throws {
        let bus = MemoryBus()
        let pad = try await pad(bus)
        let request = try request()
        virtual.inject(.garbage)
        async let noise = errorCode { () throws(DeviceError) in try await pad.enterOnlinePIN(request) }
        await eventually("the pad waits") { virtual.isWaitingForPIN }
        virtual.cancel()
        bus.unplug(Bench.port)
        #expect(await noise == .deviceGone)
        #expect(await errorCode { () throws(DeviceError) in try await pad.enterOnlinePIN(request) } == .deviceGone)
        await pad.close()
        await bus.close()
    }
}
