import Grounds
import Hex
import Keys
import Testing
import USB

@testable import Devices
@testable import Lab

/// What is no chip reader, on the ground on which the tests run.
@Suite("Stripe readers, PIN pads, contactless reader, printer", .serialized, .timeLimit(.minutes(5)))
struct DeviceGroundTests {
    private let stripe = StripeReaderModel.Stripe(
        track1: SecretBytes("%B4761739001010119^COUNTERTOP/GIFT^39122011234?".utf8),
        track2: SecretBytes(";4761739001010119=39122011234?".utf8))
    private static let port = USBBusPath("1-1")
    private let serial: [UInt8] = [0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0x00, 0x08]

    /// What goes in comes out, so that the test sees it: no real pad does that.
    private let encipher: DynaProModel.Encipher = { pin, pan in
        (pin.withBytes { Array($0) } + [UInt8](repeating: 0, count: 8 - pin.count), pan.withDigits { Array($0.utf8.suffix(10)) })
    }

    /// A bench with one device on it, and what drives it.
    private func bench<Device: Sendable>(
        _ virtual: any VirtualUSBDevice, _ devices: (DeviceRegistry) -> AsyncStream<Device?>
    ) async throws -> (DeviceBench, Device) {
        let bench = try DeviceBench()
        try bench.bus.plug(virtual, at: Self.port)
        return (bench, try await bench.inService(devices(bench.registry)))
    }

    private func request(_ seconds: Int = 60) throws -> PINEntryRequest {
        PINEntryRequest(pan: try #require(PAN("4761739001010119")), amountText: "12.50", seconds: seconds, bypassAllowed: false)
    }

    @Test("MagTek stripe readers: swipe, unplug, replug, swipe", arguments: [StripeReaderModel.Kind.sureSwipe, .magneSafe])
    func magTek(kind: StripeReaderModel.Kind) async throws {
        let bench = try DeviceBench()
        let virtual = VirtualStripeReader(kind)
        for _ in 0..<3 {
            try bench.bus.plug(virtual, at: Self.port)
            let reader = try await bench.inService(bench.registry.stripeReaders())
            var swipes = reader.swipes().makeAsyncIterator()
            virtual.swipe(stripe)
            let read = await swipes.next()
            #expect(read?.track1 == stripe.track1)
            #expect(read?.track2 == stripe.track2)
            bench.bus.unplug(Self.port)
            let end = await swipes.next()
            #expect(end == nil)
            for await reader in bench.registry.stripeReaders() where reader == nil { break }
        }
        await bench.close()
    }

    @Test("MagneSafe: encrypted tracks and key serial number of the manual's sample come through the wire as they are")
    func magneSafe() async throws {
        let virtual = VirtualStripeReader(.magneSafe)
        let (bench, reader) = try await bench(virtual) { $0.stripeReaders() }
        var swipes = reader.swipes().makeAsyncIterator()
        virtual.send(magneSafeSwipe + [UInt8](repeating: 0, count: 31))
        let read = await swipes.next()
        #expect(read?.encrypted?.keySerialNumber == serial)
        #expect(read?.encrypted?.track3.count == 0x20)
        await bench.close()
    }

    @Test("SecureMag: clear, original and enhanced, with and without the header", arguments: SecureMagModel.Format.allCases, [false, true])
    func secureMag(format: SecureMagModel.Format, isBare: Bool) async throws {
        let virtual = VirtualSecureMag(format, isBare: isBare, keySerialNumber: serial)
        let (bench, reader) = try await bench(virtual) { $0.stripeReaders() }
        var swipes = reader.swipes().makeAsyncIterator()
        virtual.swipe(stripe)
        let swiped = await swipes.next()
        let read = try #require(swiped)
        if format == .clear {
            #expect(read.track1 == stripe.track1)
            #expect(read.track2 == stripe.track2)
        } else {
            let encrypted = try #require(read.encrypted)
            #expect(encrypted.keySerialNumber == serial)
            #expect(encrypted.maskedTrack2?.hasPrefix(";4761********0119=***") == true)
            let both = encrypted.track1 + encrypted.track2
            #expect(String(decoding: both, as: UTF8.self).contains(";4761739001010119=39122011234?"))
        }
        virtual.swipe(.init(track2: stripe.track2, damaged: [1]))
        let damaged = await swipes.next()
        #expect(damaged?.failedTracks == [1])
        await bench.close()
    }

    @Test("SecureMag: a lost, garbled, stalled or doubled report leaves the reader usable")
    func secureMagFaults() async throws {
        let virtual = VirtualSecureMag(.enhanced, keySerialNumber: serial)
        let (bench, reader) = try await bench(virtual) { $0.stripeReaders() }
        var swipes = reader.swipes().makeAsyncIterator()
        for fault in [HIDFunction.Fault.lost, .garbage, .stall] {
            virtual.inject(fault)
            virtual.swipe(stripe)
        }
        virtual.inject(.doubled)
        virtual.swipe(stripe)
        var whole = 0
        while whole < 2, let read = await swipes.next() { if read.encrypted?.keySerialNumber == serial { whole += 1 } }
        #expect(whole == 2)
        await bench.close()
    }

    @Test(
        "MagTek stripe readers: slow transfers and reports in the wrong order lose nothing",
        arguments: [StripeReaderModel.Kind.sureSwipe, .magneSafe])
    func magTekDisorder(kind: StripeReaderModel.Kind) async throws {
        let virtual = VirtualStripeReader(kind)
        try await disorder(virtual) { virtual.swipe($0) }
    }

    @Test("SecureMag: slow transfers and reports in the wrong order lose nothing")
    func secureMagDisorder() async throws {
        let virtual = VirtualSecureMag()
        try await disorder(virtual) { virtual.swipe($0) }
    }

    private func disorder<Model: HIDDeviceModel>(
        _ virtual: ModelledDevice<Model>, _ swipe: (StripeReaderModel.Stripe) -> Void
    ) async throws {
        let (bench, reader) = try await bench(virtual) { $0.stripeReaders() }
        var swipes = reader.swipes().makeAsyncIterator()
        try bench.bus.inject(.slow(.milliseconds(20)), at: Self.port)
        swipe(stripe)
        let slow = await swipes.next()
        #expect(slow?.track2 == stripe.track2)
        try bench.bus.inject(.slow(.zero), at: Self.port)
        virtual.inject(.late)
        swipe(.init(damaged: [2]))
        swipe(stripe)
        let (first, second) = (await swipes.next(), await swipes.next())
        #expect(first?.track2 == stripe.track2)
        #expect(second?.failedTracks == [2])
        await bench.close()
    }

    @Test("SmartPIN K100: slow transfers, and a key press told after the answer, change no PIN")
    func smartPINDisorder() async throws {
        let virtual = VirtualSmartPIN(encipher: encipher)
        let (bench, pad) = try await bench(virtual) { $0.pinPads() }
        let request = try request()
        try bench.bus.inject(.slow(.milliseconds(20)), at: Self.port)
        for pin in ["1234", "987654"] {
            async let entry = pad.enterOnlinePIN(request)
            await eventually("the pad waits") { virtual.isWaitingForPIN }
            virtual.type(String(pin.dropLast()))
            virtual.inject(.late)
            virtual.type(String(pin.suffix(1)))
            virtual.enter()
            guard case .entered(let block, _) = try await entry else { return #expect(Bool(false), "no PIN") }
            #expect(block.testText.hasPrefix(pin))
        }
        await bench.close()
    }

    @Test("SmartPIN K100: a PIN, a cancelled one, one given up, and the pad takes the next")
    func smartPIN() async throws {
        let virtual = VirtualSmartPIN(encipher: encipher)
        let (bench, pad) = try await bench(virtual) { $0.pinPads() }
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
        async let cancelled = pad.enterOnlinePIN(request)
        await eventually("the pad waits") { virtual.isWaitingForPIN }
        virtual.cancel()
        guard case .cancelled = try await cancelled else { return #expect(Bool(false), "not cancelled") }
        let task = Task { await errorCode { () throws(DeviceError) in try await pad.enterOnlinePIN(request) } }
        await eventually("the pad waits") { virtual.isWaitingForPIN }
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(!virtual.isWaitingForPIN)
        await bench.close()
    }

    @Test("SmartPIN K100: a garbled answer ends with the time limit, a stalled one as refused, unplugged the pad is gone")
    func smartPINFaults() async throws {
        let virtual = VirtualSmartPIN(encipher: encipher)
        let (bench, pad) = try await bench(virtual) { $0.pinPads() }
        let (short, long) = (try request(1), try request())
        async let garbled = pad.enterOnlinePIN(short)
        await eventually("the pad waits") { virtual.isWaitingForPIN }
        virtual.inject(.garbage)
        virtual.cancel()
        guard case .timedOut = try await garbled else { return #expect(Bool(false), "not timed out") }
        async let stalled = errorCode { () throws(DeviceError) in try await pad.enterOnlinePIN(long) }
        await eventually("the pad waits") { virtual.isWaitingForPIN }
        virtual.inject(.stall)
        virtual.cancel()
        #expect(await stalled == .refused)
        async let gone = errorCode { () throws(DeviceError) in try await pad.enterOnlinePIN(long) }
        await eventually("the pad waits") { virtual.isWaitingForPIN }
        bench.bus.unplug(Self.port)
        #expect(await gone == .deviceGone)
        await bench.close()
    }

    @Test("DynaPro: PIN, cancel and swipe")
    func dynaPro() async throws {
        let virtual = VirtualDynaPro(encipher: encipher)
        let (bench, pad) = try await bench(virtual) { $0.pinPads() }
        let request = try request()
        async let entry = pad.enterOnlinePIN(request)
        await eventually("the pad waits") { virtual.isWaitingForPIN }
        virtual.type("4711")
        virtual.enter()
        guard case .entered(let block, _) = try await entry else { return #expect(Bool(false), "no PIN") }
        #expect(block.testText.hasPrefix("4711"))
        async let cancelled = pad.enterOnlinePIN(request)
        await eventually("the pad waits") { virtual.isWaitingForPIN }
        virtual.cancel()
        guard case .cancelled = try await cancelled else { return #expect(Bool(false), "not cancelled") }
        let reader = try await bench.inService(bench.registry.stripeReaders())
        var swipes = reader.swipes().makeAsyncIterator()
        await eventually("the pad waits for a card") { virtual.isWaitingForCard }
        virtual.swipe(.init(track2: stripe.track2))
        let read = await swipes.next()
        #expect(read?.track2 == stripe.track2)
        await bench.close()
    }

    private func number(_ card: KeyedCard) -> String? {
        if case .entered(let number, let expiry) = card { "\(number.testText) \(expiry)" } else { nil }
    }

    @Test("DynaPro: a card number typed, cancelled, out of time and given up; then a PIN and a swipe, as ever")
    func dynaProKeyed() async throws {
        let virtual = VirtualDynaPro(encipher: encipher)
        let (bench, keypad) = try await bench(virtual) { $0.cardKeypads() }
        for (typed, expected) in [("4761739001010119", "4761739001010119 3912"), ("476173900", "476173900 3912")] {
            async let card = keypad.enterCard(seconds: 60)
            await eventually("the pad asks for the number") { virtual.isWaitingForNumber }
            virtual.type("12345")
            // Too short: Enter means nothing.
            virtual.enter()
            virtual.press(.clear)
            virtual.type(typed)
            virtual.enter()
            #expect(virtual.isWaitingForExpiry)
            virtual.type("1239")
            virtual.enter()
            #expect(number(try await card) == expected)
        }
        async let cancelled = keypad.enterCard(seconds: 60)
        await eventually("the pad asks for the number") { virtual.isWaitingForNumber }
        virtual.press(.cancel)
        guard case .cancelled = try await cancelled else { return #expect(Bool(false), "not cancelled") }
        async let late = keypad.enterCard(seconds: 60)
        await eventually("the pad asks for the number") { virtual.isWaitingForNumber }
        virtual.type("4761739001010119")
        virtual.expire()
        guard case .timedOut = try await late else { return #expect(Bool(false), "not out of time") }
        let task = Task { await errorCode { () throws(DeviceError) in try await keypad.enterCard(seconds: 60) } }
        await eventually("the pad asks for the number") { virtual.isWaitingForNumber }
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(!virtual.isAsking)
        let pad = try await bench.inService(bench.registry.pinPads())
        let request = try request()
        async let entry = pad.enterOnlinePIN(request)
        await eventually("the pad asks for a PIN") { virtual.isWaitingForPIN }
        for digit: UInt8 in [4, 7, 1, 1] { virtual.press(.digit(digit)) }
        virtual.press(.enter)
        guard case .entered(let block, _) = try await entry else { return #expect(Bool(false), "no PIN") }
        #expect(block.testText.hasPrefix("4711"))
        async let gone = errorCode { () throws(DeviceError) in try await keypad.enterCard(seconds: 60) }
        await eventually("the pad asks for the number") { virtual.isWaitingForNumber }
        bench.bus.unplug(Self.port)
        #expect(await gone == .deviceGone)
        await bench.close()
    }

    @Test("DynaPro with a key for tracks: a typed card comes encrypted, and shows six digits, four digits and the expiry")
    func dynaProKeyedEncrypted() async throws {
        let virtual = VirtualDynaPro(encipher: encipher)
        let serial = serial
        // What goes in comes out, so that the test sees it: no real pad does that.
        virtual.loadTrackKey { tracks in (tracks.map { $0?.withBytes { Array($0) } ?? [] }, serial) }
        let (bench, keypad) = try await bench(virtual) { $0.cardKeypads() }
        async let card = keypad.enterCard(seconds: 60)
        await eventually("the pad asks for the number") { virtual.isWaitingForNumber }
        virtual.type("4761739001010119")
        virtual.enter()
        virtual.type("1239")
        virtual.enter()
        guard case .encrypted(let tracks) = try await card else { return #expect(Bool(false), "in clear") }
        #expect(tracks.keySerialNumber == serial)
        #expect(tracks.maskedTrack2 == ";4761730000000119=3912000000000000?")
        #expect(String(decoding: tracks.track2, as: UTF8.self) == ";4761739001010119=3912000000000001?")
        #expect(tracks.track1.starts(with: "%M4761739001010119^MANUAL ENTRY/^3912".utf8))
        await bench.close()
    }

    @Test("NEO contactless reader: a tap goes online, one given up stops the reader, unplugged it is gone")
    func contactless() async throws {
        let virtual = VirtualContactlessReader()
        let (bench, reader) = try await bench(virtual) { $0.contactlessReaders() }
        let card = try CardIssuer().issue(try CardProfiles.named("visa-credit"))
        let request = ContactlessRequest(
            amount: 1250, amountOther: 0, transactionType: 0, currency: 840, date: "261125", time: "154831", seconds: 60)
        async let answer = reader.tap(request)
        await eventually("the reader waits") { virtual.isWaiting }
        virtual.tap(card)
        #expect(try await answer.verdict == .onlineRequested)
        let task = Task { await errorCode { () throws(DeviceError) in try await reader.tap(request) } }
        await eventually("the reader waits") { virtual.isWaiting }
        task.cancel()
        #expect(await task.value == .cancelled)
        async let gone = errorCode { () throws(DeviceError) in try await reader.tap(request) }
        await eventually("the reader waits") { virtual.isWaiting }
        bench.bus.unplug(Self.port)
        #expect(await gone == .deviceGone)
        await bench.close()
    }

    @Test("printer: what is printed is on the paper; stalled it fails, and prints the next")
    func printer() async throws {
        let virtual = VirtualPrinter()
        let (bench, printer) = try await bench(virtual) { $0.printers() }
        try await printer.print(PrintDocument(lines: [.init("A")]))
        #expect(virtual.receipts == ["A\n"])
        try bench.bus.inject(.stall(endpoint: 1), at: Self.port)
        #expect(await errorCode { () throws(DeviceError) in try await printer.status() } == .refused)
        try await printer.print(PrintDocument(lines: [.init("B")]))
        #expect(virtual.receipts == ["A\n", "B\n"])
        await bench.close()
    }

    @Test("a hub that loses power takes all its devices, and brings them back by themselves")
    func hubLoss() async throws {
        let bench = try DeviceBench()
        let devices: [any VirtualUSBDevice] = [
            VirtualCCIDReader(), VirtualStripeReader(.sureSwipe), VirtualSmartPIN(encipher: encipher), VirtualPrinter(),
        ]
        let ports = (1...devices.count).map { USBBusPath("1-\($0)") }
        func states() -> Set<DeviceDescription.State> { Set(bench.registry.devices.map(\.state)) }
        for _ in 0..<3 {
            for (device, port) in zip(devices, ports) { try bench.bus.plug(device, at: port) }
            await eventually("all are in service") { bench.registry.devices.count == devices.count && states() == [.ready] }
            for port in ports { bench.bus.unplug(port) }
            await eventually("all are gone") { states() == [.absent] }
        }
        await eventually("nobody serves a place that is empty") { bench.registry.servedCount == 0 }
        await bench.close()
    }
}
