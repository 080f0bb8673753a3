import Devices
import Hex
import Keys
import PaymentHost
import SmartCard
import Testing
import USB

@testable import Terminal

/// Swipes as a test makes them.
final class ScriptedStripe: StripeReader {
    let device = DeviceDescription(
        kind: .stripe, model: "Scripted", serialNumber: "2", vendorID: 1, productID: 2, path: USBBusPath("1-2"), driver: "test",
        state: .ready)
    let listening = Awaitable<String>()
    private let watchers = Awaitable<AsyncStream<StripeRead>.Continuation>()

    func swipes() -> AsyncStream<StripeRead> {
        let (stream, continuation) = AsyncStream<StripeRead>.makeStream()
        watchers.append(continuation)
        listening.append("on")
        return stream
    }

    func swipe(_ track2: String, track1: String? = nil) {
        swipe(StripeRead(track1: track1.map { SecretBytes($0.utf8) }, track2: SecretBytes(track2.utf8)))
    }

    func swipe(_ read: StripeRead) { for watcher in watchers.all { watcher.yield(read) } }
}

/// Answers the first tap asked for; later ones wait for ever.
final class ScriptedTaps: ContactlessReader {
    let device = DeviceDescription(
        kind: .contactless, model: "Scripted", serialNumber: "3", vendorID: 1, productID: 3, path: USBBusPath("1-3"), driver: "test",
        state: .ready)
    let asked = Awaitable<ContactlessRequest>()
    private let answers: (stream: AsyncStream<ContactlessRead>, continuation: AsyncStream<ContactlessRead>.Continuation)

    init() { answers = AsyncStream.makeStream() }

    func tap(_ request: ContactlessRequest) async throws(DeviceError) -> ContactlessRead {
        asked.append(request)
        for await answer in answers.stream { return answer }
        throw DeviceError(.cancelled, "given up")
    }

    func answer(_ read: ContactlessRead) { answers.continuation.yield(read) }
}

final class ScriptedPrinter: Printer {
    let device = DeviceDescription(
        kind: .printer, model: "Scripted", serialNumber: "4", vendorID: 1, productID: 4, path: USBBusPath("1-4"), driver: "test",
        state: .ready)
    let columns = 42
    let printed = Awaitable<PrintDocument>()
    func print(_ document: PrintDocument) async throws(DeviceError) { printed.append(document) }
    func status() async throws(DeviceError) -> PrinterStatus { PrinterStatus(paper: .present, coverOpen: false) }
}

@Suite("Swipes, taps and paper through the engine", .timeLimit(.minutes(1)))
struct TerminalEngineEntryTests {
    private static let track2 = ";4111111111111111=39121010000012345?"

    private func rig(
        stripe: ScriptedStripe? = nil, taps: ScriptedTaps? = nil, printer: ScriptedPrinter? = nil, reader: ScriptedReader = ScriptedReader()
    ) async throws -> Rig {
        let rig = try await Rig(reader: reader)
        rig.devices.plug(stripe: stripe, contactless: taps, printer: printer)
        while !Task.isCancelled {
            let entry = await rig.engine.entry
            if (entry.stripe != nil) == (stripe != nil), (entry.contactless != nil) == (taps != nil),
                (entry.printer != nil) == (printer != nil)
            {
                break
            }
            await Task.yield()
        }
        return rig
    }

    @Test("a swiped card: tracks to the host, Swiped and the brand of its number to the POS, a line to sign on")
    func swipe() async throws {
        let stripe = ScriptedStripe()
        let rig = try await rig(stripe: stripe)
        let sale = try await rig.sell()
        await sale.status(.card)
        await stripe.listening.wait { !$0.isEmpty }
        stripe.swipe(Self.track2)
        let exchange = try await rig.host.next()
        let request = try #require(exchange.financial)
        #expect(request.entryMode == .swiped)
        guard case .clear(let card) = request.card else { return #expect(Bool(false), "no card") }
        #expect(card.pan == PAN("4111111111111111"))
        #expect(card.expiry == "3912")
        #expect(card.track2?.count == Self.track2.utf8.count - 2)
        #expect(card.iccData == nil)
        exchange.approve()
        let answer = await sale.final()
        #expect(answer.result == .completed)
        #expect(answer.entryMode == "Swiped")
        #expect(answer.cardBrand == "VISA")
        #expect(answer.cvm == "SIGNATURE")
        #expect(answer.aid == nil)
        #expect(answer.account?.hasPrefix("411111") == true && answer.account?.hasSuffix("1111") == true)
        #expect(answer.account != "4111111111111111")
        #expect(answer.merchantReceipt?.contains("SIGNATURE") == true)
    }

    @Test("swipes and taps from before a transaction are discarded")
    func before() async throws {
        let stripe = ScriptedStripe()
        let rig = try await rig(stripe: stripe)
        stripe.swipe(Self.track2)
        let sale = try await rig.sell()
        await sale.status(.card)
        #expect(await rig.engine.cancel(sale.id) == .cancelled)
        #expect(await sale.final().result == .cancelledByPOS)
        #expect(rig.host.exchanges.all.isEmpty)
    }

    @Test("a card with a chip is asked for its chip; unreadable swipes are asked for again")
    func chipFirst() async throws {
        let stripe = ScriptedStripe()
        let rig = try await rig(stripe: stripe)
        let sale = try await rig.sell()
        await sale.status(.card)
        stripe.swipe(";4111111111111111=39122010000012345?")
        await rig.display.shown.wait { $0.last?.prompt == .useChip }
        stripe.swipe(";E?")
        await rig.display.shown.wait { $0.last?.prompt == .presentCard && $0.count { $0.prompt == .presentCard } == 2 }
        rig.reader.insert()
        let exchange = try await rig.host.next()
        #expect(try #require(exchange.financial).entryMode == .chip)
        exchange.approve()
        #expect(await sale.final().entryMode == "Chip")
    }

    @Test("what a P2PE reader enciphered goes to the host as it is; the terminal shows what the reader shows")
    func encrypted() async throws {
        let stripe = ScriptedStripe()
        let rig = try await rig(stripe: stripe)
        let sale = try await rig.sell()
        await sale.status(.card)
        stripe.swipe(
            StripeRead(
                encrypted: EncryptedTracks(
                    scheme: "MAGNESAFE-TDES", keySerialNumber: [1, 2, 3], track1: [], track2: [9, 9, 9, 9, 9, 9, 9, 9], track3: [],
                    maskedTrack2: ";4111000000001111=391200000000000?")))
        let exchange = try await rig.host.next()
        guard case .encrypted(let card) = try #require(exchange.financial).card else { return #expect(Bool(false), "not encrypted") }
        #expect(card.scheme == "MAGNESAFE-TDES")
        #expect(card.keySerialNumber == [1, 2, 3])
        #expect(card.ciphertext == [9, 9, 9, 9, 9, 9, 9, 9])
        #expect(card.maskedPAN == "411100******1111")
        exchange.approve()
        let answer = await sale.final()
        #expect(answer.account == "411100******1111")
        #expect(answer.entryMode == "Swiped")
        #expect(answer.cardBrand == "VISA")
    }

    @Test("a tap: the reader is asked with the amount; its objects go to the host in field 55, entry mode Contactless")
    func tap() async throws {
        let taps = ScriptedTaps()
        let rig = try await rig(taps: taps)
        let sale = try await rig.sell(Rig.sale(1250))
        await taps.asked.wait { !$0.isEmpty }
        #expect(taps.asked.all.first?.amount == 1250)
        #expect(taps.asked.all.first?.currency == 840)
        let objects = try BERTLV.parse(
            [UInt8](hex: "57114111111111111111D3912201000012345F8407A00000000310109F2701809F26081122334455667788950500000000005F340101")
                ?? [])
        taps.answer(ContactlessRead(verdict: .onlineRequested, objects: objects))
        let exchange = try await rig.host.next()
        let request = try #require(exchange.financial)
        #expect(request.entryMode == .contactless)
        guard case .clear(let card) = request.card else { return #expect(Bool(false), "no card") }
        #expect(card.pan == PAN("4111111111111111"))
        #expect(card.panSequenceNumber == 1)
        let icc = try BERTLV.parse(card.iccData ?? [])
        #expect(icc.first(0x9F26) != nil && icc.first(0x57) == nil)
        exchange.approve()
        let answer = await sale.final()
        #expect(answer.result == .completed)
        #expect(answer.entryMode == "Contactless")
        #expect(answer.aid == "A0000000031010")
        #expect(answer.cardBrand == "VISA")
    }

    @Test("a failed tap is asked for again; entryModes leaves the reader alone")
    func tapAgain() async throws {
        let taps = ScriptedTaps()
        let rig = try await rig(taps: taps)
        let sale = try await rig.sell()
        await taps.asked.wait { $0.count == 1 }
        taps.answer(ContactlessRead(verdict: .failed, objects: []))
        await taps.asked.wait { $0.count == 2 }
        #expect(await rig.engine.cancel(sale.id) == .cancelled)
        _ = await sale.final()
        var request = Rig.sale()
        request.entryModes = ["chip"]
        let second = try await rig.sell(request)
        await second.status(.card)
        #expect(await rig.engine.cancel(second.id) == .cancelled)
        _ = await second.final()
        #expect(taps.asked.all.count == 2)
    }

    @Test("printReceipt: both copies on paper, after the answer")
    func printing() async throws {
        let printer = ScriptedPrinter()
        let rig = try await rig(printer: printer)
        var request = Rig.sale()
        request.printReceipt = true
        let (sale, exchange) = try await rig.sellUntilHost(request)
        exchange.approve()
        let answer = await sale.final()
        let printed = await printer.printed.wait { $0.count == 2 }
        let receipts = try [answer.merchantReceipt, answer.customerReceipt].map { try #require($0) }
        #expect(printed == receipts.map { PrintDocument(receipt: $0, columns: printer.columns) })
        // The cashier is told before the final, which nothing follows.
        #expect(sale.contexts == [.card, .communication, .receipt])
    }

    @Test("two chips that cannot be read open the stripe for one sale; the next customer's chip card is asked for its chip")
    func fallbackIsUsedUp() async throws {
        let stripe = ScriptedStripe()
        let reader = ScriptedReader { command throws(DeviceError) in
            guard command > 2 else { throw DeviceError(.cardMute, "no answer") }
            return ResponseAPDU(status: .success)
        }
        let rig = try await rig(stripe: stripe, reader: reader)
        let sale = try await rig.sell()
        await sale.status(.card)
        for attempt in 1...2 {
            rig.reader.insert()
            await rig.reader.log.wait { $0.filter { $0 == "off" }.count == attempt }
            rig.reader.remove()
            await rig.engine.slotIs(.empty)
        }
        await rig.display.shown.wait { $0.last?.prompt == .swipeCard }
        #expect(await rig.engine.entry.failedChipReads.count == 2)
        stripe.swipe(";4111111111111111=39122010000012345?")
        try await rig.host.next().approve()
        #expect(await sale.final().entryMode == EntryMode.chipSwiped.rawValue)
        #expect(await rig.engine.entry.failedChipReads.isEmpty)

        let next = try await rig.sell()
        await next.status(.card)
        stripe.swipe(";4111111111111111=39122010000012345?")
        await rig.display.shown.wait { $0.last?.prompt == .useChip }
        rig.reader.insert()
        try await rig.host.next().approve()
        #expect(await next.final().entryMode == EntryMode.chip.rawValue)
    }
}
