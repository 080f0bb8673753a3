import Hex
import Keys
import Testing
import USB

@testable import Devices
@testable import Lab

/// The other kinds on the memory bus, through the registry.
@Suite("Stripe and contactless readers on the memory bus", .timeLimit(.minutes(2)))
struct StripeReaderTests {
    private let stripe = StripeReaderModel.Stripe(
        track1: SecretBytes("%B4761739001010119^COUNTERTOP/GIFT^39122011234?".utf8),
        track2: SecretBytes(";4761739001010119=39122011234?".utf8))

    private func registry(_ bus: any USBBus) -> (DeviceRegistry, Task<Void, Never>) {
        let registry = DeviceRegistry(buses: [bus], logger: .quiet)
        return (registry, Task { await registry.run() })
    }

    private func reader(_ registry: DeviceRegistry) async throws -> any StripeReader {
        for await reader in registry.stripeReaders() { if let reader { return reader } }
        throw DeviceError(.deviceGone, "the registry ended without a reader")
    }

    @Test("a swipe arrives with its tracks; one that nobody awaits is lost", arguments: [StripeReaderModel.Kind.sureSwipe, .magneSafe])
    func swipe(kind: StripeReaderModel.Kind) async throws {
        let bus = MemoryBus()
        let virtual = VirtualStripeReader(kind)
        try bus.plug(virtual, at: Bench.port)
        let (registry, running) = registry(StrictBus(bus))
        let reader = try await reader(registry)
        var first = reader.swipes().makeAsyncIterator()
        virtual.swipe(stripe)
        let swiped = await first.next()
        let read = try #require(swiped)
        #expect(read.track1 == stripe.track1)
        #expect(read.track2 == stripe.track2)
        #expect(read.encrypted == nil)
        // A stream begins now.
        var second = reader.swipes().makeAsyncIterator()
        virtual.swipe(.init(damaged: [2]))
        let damaged = await second.next()
        #expect(damaged?.failedTracks == [2])
        running.cancel()
        await running.value
        let end = await second.next()
        #expect(end == nil)
    }

    @Test("encrypted tracks of the manual's sample come through the wire as they are")
    func encrypted() async throws {
        let bus = MemoryBus()
        let virtual = VirtualStripeReader(.magneSafe)
        try bus.plug(virtual, at: Bench.port)
        let (registry, running) = registry(bus)
        var swipes = try await reader(registry).swipes().makeAsyncIterator()
        virtual.send(magneSafeSwipe + [UInt8](repeating: 0, count: 31))
        let first = await swipes.next()
        #expect(first?.encrypted?.keySerialNumber.hex == "FFFF9876543210E00008")
        // Older firmware: 856 bytes.
        virtual.send(magneSafeSwipe)
        let second = await swipes.next()
        #expect(second?.encrypted?.track3.count == 0x20)
        running.cancel()
        await running.value
    }

    @Test("lost, short, garbage, stalled and doubled reports leave the reader usable")
    func faults() async throws {
        let bus = MemoryBus()
        let virtual = VirtualStripeReader(.sureSwipe)
        try bus.plug(virtual, at: Bench.port)
        let (registry, running) = registry(bus)
        var swipes = try await reader(registry).swipes().makeAsyncIterator()
        for fault in [HIDFunction.Fault.lost, .short, .stall] {
            virtual.inject(fault)
            virtual.swipe(stripe)
        }
        try bus.inject(.stall(), at: Bench.port)
        virtual.swipe(stripe)
        let read = await swipes.next()
        #expect(read?.track2 == stripe.track2)
        running.cancel()
        await running.value
    }

    @Test("unplugged it leaves service and comes back by itself; a thousand times nothing grows")
    func plugging() async throws {
        let bus = MemoryBus()
        let strict = StrictBus(bus)
        let virtual = VirtualStripeReader()
        let (registry, running) = registry(strict)
        var readers = registry.stripeReaders().makeAsyncIterator()
        let nothing = await readers.next()
        #expect(nothing.map { $0 == nil } == true)
        for _ in 0..<1_000 {
            try bus.plug(virtual, at: Bench.port)
            let inService = await readers.next()
            let reader = try #require(inService.flatMap { $0 })
            var swipes = reader.swipes().makeAsyncIterator()
            bus.unplug(Bench.port)
            let last = await swipes.next()
            #expect(last == nil)
            let none = await readers.next()
            #expect(none.map { $0 == nil } == true)
        }
        await eventually("nobody serves a place that is empty") { registry.servedCount == 0 }
        running.cancel()
        await running.value
        #expect(strict.openCount == 0)
    }

    @Test("commands: firmware name, security level")
    func commands() async throws {
        let bus = MemoryBus()
        try bus.plug(VirtualStripeReader(.magneSafe), at: Bench.port)
        let (registry, running) = registry(bus)
        let found = try await reader(registry)
        let reader = try #require(found as? MagTekStripeDevice)
        #expect(try await reader.command(.getProperty(.softwareID)) == Array("LAB0000D01A".utf8))
        #expect(try await reader.command(.securityLevel) == [3])
        #expect(await errorCode { () throws(DeviceError) in try await reader.command(.readerState) } == .refused)
        running.cancel()
        await running.value
    }

    // MARK: Contactless

    private func contactless(_ registry: DeviceRegistry) async throws -> any ContactlessReader {
        for await reader in registry.contactlessReaders() { if let reader { return reader } }
        throw DeviceError(.deviceGone, "the registry ended without a reader")
    }

    private let request = ContactlessRequest(
        amount: 1250, amountOther: 0, transactionType: 0, currency: 840, date: "261125", time: "154831", seconds: 60)

    @Test("a tap asked for gives the card's data objects and a request to go online")
    func tap() async throws {
        let bus = MemoryBus()
        let virtual = VirtualContactlessReader()
        try bus.plug(virtual, at: Bench.port)
        let (registry, running) = registry(StrictBus(bus))
        let reader = try await contactless(registry)
        let card = try CardIssuer().issue(try CardProfiles.named("visa-credit"))
        // Before it is asked for, a tap is nothing.
        virtual.tap(card)
        async let answer = reader.tap(request)
        await eventually("the reader waits") { virtual.isWaiting }
        virtual.tap(card)
        let read = try await answer
        #expect(read.verdict == .onlineRequested)
        #expect(read.objects.first(0x57)?.content.prefix(8).elementsEqual(hex("4761739001010119")) == true)
        #expect(read.objects.first(0x9F27)?.value == [0x80])
        #expect(read.objects.first(0x9F02)?.value.hex == "000000001250")
        #expect(read.objects.first(0x9F26)?.content.count == 8)
        running.cancel()
        await running.value
    }

    @Test("a tap given up stops the reader, which then takes the next")
    func cancelled() async throws {
        let bus = MemoryBus()
        let virtual = VirtualContactlessReader()
        try bus.plug(virtual, at: Bench.port)
        let (registry, running) = registry(StrictBus(bus))
        let reader = try await contactless(registry)
        for _ in 0..<20 {
            let task = Task { [request] in await errorCode { () throws(DeviceError) in try await reader.tap(request) } }
            await eventually("the reader waits") { virtual.isWaiting }
            task.cancel()
            #expect(await task.value == .cancelled)
            #expect(!virtual.isWaiting)
        }
        running.cancel()
        await running.value
    }
}
