import Devices
import EMV
import Logging
import Money
import Testing
import USB

@testable import Lab
@testable import Service

/// `countertop emv` with a virtual reader on the laboratory's socket: the drivers, the wire and the card are those of the demo.
@Suite("countertop emv, on a virtual reader", .timeLimit(.minutes(1)))
struct CardRunTests {
    private func lines(
        _ name: String, amount: Int64 = 500, type: UInt8 = 0x00, forceOnline: Bool = true, cards: CardTable? = nil, isTraced: Bool = false
    ) async throws -> [String] {
        let profile = try CardProfiles.named(name)
        let folder = try TemporaryFolder.make()
        defer { TemporaryFolder.remove(folder) }
        let (memory, model) = (MemoryBus(), VirtualCCIDReader(.pinPad()))
        let server = try SocketBusServer(serving: memory, at: folder + "/bus")
        try memory.plug(model, at: USBBusPath("lab-1"))
        let bus = try SocketBusClient(connectingTo: folder + "/bus")
        let registry = DeviceRegistry(buses: [bus], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let running = Task { await registry.run() }
        model.insert(try CardIssuer().issue(profile))
        let currency = try #require(Currency("USD"))
        let run = CardRun(
            transaction: KernelTransaction(
                transactionType: type, amountAuthorised: try #require(Amount(minorUnits: amount, currency: currency)),
                amountOther: .zero(currency), date: KernelDate(year: 2026, month: 1, day: 5), time: [0x12, 0x00, 0x00], sequenceCounter: 1,
                unpredictableNumber: [0x52, 0xBF, 0x45, 0x85], forceOnline: forceOnline),
            cards: try cards ?? CardTable.builtIn(), authorities: try TestCertificationAuthority.terminalKeys(), isTraced: isTraced)
        var said: [String] = []
        var failure: DeviceError?
        for await reader in registry.chipReaders() {
            guard let reader else { continue }
            for await presence in reader.cardPresence() where presence != .absent { break }
            do throws(DeviceError) { try await run.run(with: reader) { said.append($0) } } catch { failure = error }
            break
        }
        running.cancel()
        await running.value
        await bus.close()
        await server.close()
        if let failure { throw failure }
        return said
    }

    @Test("every phase is said in order, and the outcome with TVR, TSI and AID")
    func phases() async throws {
        let said = try await lines("visa-credit")
        let phases = said.filter { $0.hasPrefix("== ") }
        #expect(
            phases.prefix(10).map { String($0.dropFirst(3)) } == [
                "application selection", "initiate application processing", "read application data", "offline data authentication",
                "processing restrictions", "cardholder verification", "terminal risk management", "terminal action analysis",
                "online processing", "completion",
            ], "\(said)")
        let text = said.joined(separator: "\n")
        #expect(text.contains("declined: unableToGoOnline") && text.contains("TVR 0000008800") && text.contains("AID A0000000031010"))
        #expect(text.contains("== cardholder verification\nno command to the card\n"))
        #expect(!text.contains("GENERATE AC"), "commands are told with --trace only")
    }

    @Test("the trace has every command with its answer decoded, and no card data in the clear")
    func traced() async throws {
        let profile = try CardProfiles.named("mc-credit")
        let text = try await lines("mc-credit", isTraced: true).joined(separator: "\n")
        for part in ["SELECT", "GET PROCESSING OPTIONS", "READ RECORD", "GENERATE AC", "CVM", "bytes, 9000", "Application Label"] {
            #expect(text.contains(part), "\(part)")
        }
        let pan = profile.pan.withDigits { $0 }
        for secret in [pan, String(pan.dropFirst(4)), profile.cardholder, "391231"] { #expect(!text.contains(secret), "\(secret)") }
    }

    @Test("9F33 claims a terminal without PIN pad and other readers; with a configuration the card is told of that terminal")
    func terminal() throws {
        let plain = CardRun(transaction: try Self.transaction(), cards: try CardTable.builtIn())
        #expect(plain.terminalData.capabilities == [.chip, .signature, .noCVM])
        let folder = try TemporaryFolder.make()
        defer { TemporaryFolder.remove(folder) }
        let configuration = try Configuration(
            yaml: """
                terminal: {id: "1", merchantID: M, merchantName: Shop, country: "276"}
                host: {primary: "127.0.0.1:1", tls: false}
                emv: {terminalType: 25}
                data: \(folder)
                """, file: "/c.yaml")
        let configured = try CardRun(transaction: try Self.transaction(), configuration: configuration, isTraced: false).terminalData
        #expect(configured.countryCode == 276 && configured.type.rawValue == 0x25)
        #expect(configured.capabilities == plain.terminalData.capabilities)
    }

    private static func transaction() throws -> KernelTransaction {
        let currency = try #require(Currency("USD"))
        return KernelTransaction(
            transactionType: 0, amountAuthorised: try #require(Amount(minorUnits: 500, currency: currency)), amountOther: .zero(currency),
            date: KernelDate(year: 2026, month: 1, day: 5), time: [0x12, 0x00, 0x00], sequenceCounter: 1,
            unpredictableNumber: [1, 2, 3, 4], forceOnline: true)
    }

    @Test("amount and type reach the card: a card under its floor limit approves by itself, a cash transaction says so")
    func options() async throws {
        let table = try CardTable(
            yaml: "cards: [{brand: M, type: credit, floorLimit: 1000, applications: [{aid: A0000000041010, label: M}]}]", file: "c")
        let under = try await lines("mc-offline", amount: 999, forceOnline: false, cards: table).joined(separator: "\n")
        #expect(under.contains("== approved"))
        let over = try await lines("mc-offline", amount: 1000, forceOnline: false, cards: table).joined(separator: "\n")
        #expect(over.contains("== declined: unableToGoOnline"))
        let cash = try await lines("visa-credit", type: 0x01, isTraced: true).joined(separator: "\n")
        #expect(cash != (try await lines("visa-credit", type: 0x00, isTraced: true)).joined(separator: "\n"))
    }

    @Test(
        "a card that ends early is an outcome, not an error",
        arguments: [("blocked-card", "cardBlocked"), ("no-common-aid", "noCommonApplication"), ("blocked-app", "applicationBlocked")])
    func ends(name: String, reason: String) async throws {
        #expect(try await lines(name).joined().contains(reason))
    }

    @Test("a card that falls mute is a fault of card or reader, and is said")
    func mute() async throws {
        await #expect(throws: DeviceError.self) { try await lines("mute-midway") }
    }

    @Test("the demo's card table is the built-in one, with a floor limit for Mastercard credit and nobody else")
    func demoTable() throws {
        let (ours, builtIn) = (try CardTable(yaml: StoreFiles.cardTable, file: "cards.yaml"), try CardTable.builtIn())
        #expect(ours.brands == builtIn.brands && ours.applications.map(\.aid) == builtIn.applications.map(\.aid))
        for application in ours.applications {
            #expect(application.floorLimit == (application.label == "MASTERCARD" ? 5000 : 0), "\(application.label)")
        }
    }
}
