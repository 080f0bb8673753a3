import Hex
import ISO8583
import Keys
import Testing

@testable import PaymentHost

@Suite("The link's rules: key change")
struct KeyChangeTests {
    static let protection = SecretBytes([UInt8](repeating: 0x77, count: 16))
    static let newKey = SecretBytes([UInt8](repeating: 0xA1, count: 16))
    static let header = KeyBlock.Header(usage: "M6", algorithm: "A", modeOfUse: "C")

    static func block(
        _ key: SecretBytes = newKey, _ header: KeyBlock.Header = header, under protection: SecretBytes = protection
    ) throws -> String {
        try KeyBlock(header: header, key: key).text(protection: protection, padding: [UInt8](repeating: 0, count: 16))
    }

    /// Signed on, and asked for a new key.
    private func asked(_ dialect: String = "iso8583-1993", keepsKeys: Bool? = true) throws -> MachineScript {
        var script = try MachineScript(.named(dialect), keyProtection: Self.protection)
        script.keepsKeys = keepsKeys
        try script.on(.start)
        try script.on(.connected(script.connection))
        try answerNetwork(&script)
        script.forget { _ in true }
        return script
    }

    private func accepted(_ script: MachineScript) -> String { script.fixture.dialect.networkRequest == "1804" ? "800" : "00" }
    private func answerNetwork(_ script: inout MachineScript) throws { try script.answerNetwork(accepted(script)) }

    private func offer(_ script: inout MachineScript, _ block: String?) throws {
        let request = try #require(script.frames.last { script.fixture.dialect.functionCodes["keyChange"] == function($0, script) })
        var elements = PrivateElements()
        elements["12"] = block
        try script.receive(script.fixture.answer(to: request, accepted(script)) { $0.set(48, try? elements.text()) })
    }

    private func function(_ message: Message, _ script: MachineScript) -> String? {
        message.text(script.fixture.dialect.placement.networkFunction)
    }

    /// Whether the last message left under this key.
    private func isLast(_ script: MachineScript, under key: SecretBytes) throws -> Bool {
        let received = try script.fixture.mapping.decode(Array(try #require(script.bytes.last).dropFirst(2)))
        return script.fixture.mapping.macFault(received, under: key) == nil
    }

    @Test("asked for after the sign-on, with the check value of the key in force", arguments: ["iso8583-1993", "iso8583-1987"])
    func asks(dialect: String) throws {
        let script = try asked(dialect)
        let request = try #require(script.frames.last)
        #expect(function(request, script) == (dialect == "iso8583-1993" ? "811" : "161"))
        let field = try #require(script.fixture.dialect.placement.securityData)
        let data = try SecurityData(try #require(request.secret(field)))
        #expect(data.scheme == .keyBlock && data.pinBlock == nil)
        #expect(data.keySerialNumber == (try KeyCheckValue.aes(HostFixture.macKey)))
        #expect(try isLast(script, under: HostFixture.macKey))
    }

    @Test("the new key is in force from the next message on, an echo at once", arguments: ["iso8583-1993", "iso8583-1987"])
    func changes(dialect: String) throws {
        var script = try asked(dialect)
        let block = try Self.block()
        try offer(&script, block)
        #expect(script.blocks == [block])
        #expect(function(try #require(script.frames.last), script) == script.fixture.dialect.functionCodes["echo"])
        #expect(try isLast(script, under: Self.newKey))
        script.fixture.mapping.use(Self.newKey)
        try answerNetwork(&script)
        let sale = try #require(try script.sale(1))
        #expect(try isLast(script, under: Self.newKey))
        try script.receive(script.fixture.answer(to: sale, dialect == "iso8583-1993" ? "000" : "00"))
        #expect(script.outcomes[1]?.hasPrefix("answered") == true)
        let statistics = script.machine.statistics
        #expect(statistics.keyChanges == 1 && statistics.failedKeyChanges == 0 && statistics.lastKeyChangeFailure == nil)
        #expect(statistics.keyCheckValue == (try KeyCheckValue.aes(Self.newKey).hex))
    }

    @Test("what was in flight is answered under the old key, and under no other")
    func inFlight() throws {
        var script = try asked()
        let first = try #require(try script.sale(1))
        let second = try #require(try script.sale(2))
        try offer(&script, Self.block())
        try script.receive(script.fixture.answer(to: first))
        #expect(script.outcomes == [1: "answered 000"])
        script.fixture.mapping.use(Self.newKey)
        try script.receive(script.fixture.answer(to: second))
        #expect(script.outcomes[2] == "badAnswer field 64: the MAC is wrong")
    }

    @Test("until the new key is on the disk the old one is used")
    func storedFirst() throws {
        var script = try asked(keepsKeys: nil)
        try offer(&script, Self.block())
        #expect(script.blocks.count == 1)
        try script.sale(1)
        #expect(try isLast(script, under: HostFixture.macKey))
        try keepUp(&script, .seconds(90_000))
        #expect(script.blocks.count == 1, "nothing is asked while one is being stored")
        try script.on(.keyStored(true))
        try script.sale(2)
        #expect(try isLast(script, under: Self.newKey))
    }

    enum Failure: String, CaseIterable, Sendable {
        case refused, noBlock, otherProtection, damaged, otherUsage, otherAlgorithm, wrongLength, sameKey, notStored, silent, linkLost,
            badMAC

        var reason: String {
            switch self {
            case .refused: "the host answered 902"
            case .noBlock: "there is no key block"
            case .otherProtection, .damaged: "damaged, or under another key"
            case .otherUsage, .otherAlgorithm, .wrongLength: "not one for this dialect's MAC"
            case .sameKey: "the key that is in force"
            case .notStored: "cannot be stored"
            case .silent: "no answer in time"
            case .linkLost: "the link was lost"
            case .badMAC: "the MAC is wrong"
            }
        }
    }

    @Test("one that fails leaves the old key, says why, disturbs nobody, and is tried again after an hour", arguments: Failure.allCases)
    func fails(failure: Failure) throws {
        var script = try asked()
        try script.sale(1)
        let request = try #require(script.frames.first { function($0, script) == "811" })
        switch failure {
        case .refused: try script.receive(script.fixture.answer(to: request, "902"))
        case .noBlock: try offer(&script, nil)
        case .otherProtection: try offer(&script, Self.block(under: SecretBytes([UInt8](repeating: 0x78, count: 16))))
        case .damaged:
            let block = try Self.block()
            try offer(&script, block.dropLast() + (block.hasSuffix("0") ? "1" : "0"))
        case .otherUsage: try offer(&script, Self.block(Self.newKey, .init(usage: "P0", algorithm: "A", modeOfUse: "E")))
        case .otherAlgorithm: try offer(&script, Self.block(Self.newKey, .init(usage: "M6", algorithm: "T", modeOfUse: "C")))
        case .wrongLength: try offer(&script, Self.block(SecretBytes([UInt8](repeating: 1, count: 8))))
        case .sameKey: try offer(&script, Self.block(HostFixture.macKey))
        case .notStored:
            script.keepsKeys = false
            try offer(&script, Self.block())
        case .silent: try script.pass(.seconds(10))
        case .linkLost: try script.on(.ended(script.connection, reason: "connection reset"))
        case .badMAC: try script.receive(script.fixture.answer(to: request, "800"), spoilingMAC: true)
        }
        let statistics = script.machine.statistics
        #expect(statistics.keyChanges == 0 && statistics.failedKeyChanges == 1)
        #expect(statistics.lastKeyChangeFailure?.contains(failure.reason) == true, "\(statistics.lastKeyChangeFailure ?? "")")
        #expect(statistics.keyCheckValue == (try KeyCheckValue.aes(HostFixture.macKey).hex))
        #expect(script.outcomes == (failure == .linkLost ? [1: "noAnswer"] : [:]), "a sale in flight is not its business")
        if failure == .linkLost {
            try script.pass(.seconds(1))
            try script.on(.connected(script.connection))
            try script.answerNetwork()
        }
        #expect(script.machine.state == .connected)
        try script.sale(2)
        #expect(try isLast(script, under: HostFixture.macKey))
        func requests() -> Int { script.frames.count { function($0, script) == "811" } }
        try keepUp(&script, .seconds(3500))
        #expect(requests() == 1)
        try keepUp(&script, .seconds(200))
        #expect(requests() == 2)
    }

    /// The host answers echoes, and nothing else.
    private func keepUp(_ script: inout MachineScript, _ duration: Duration) throws {
        let end = script.now.advanced(by: duration)
        var seen = script.frames.count
        while script.now < end {
            try script.pass(.seconds(5))
            for message in script.frames[seen...] where function(message, script) == "831" {
                try script.receive(script.fixture.answer(to: message, "800"))
            }
            seen = script.frames.count
        }
    }

    @Test("an answer that comes after its time changes nothing")
    func late() throws {
        var script = try asked()
        try script.pass(.seconds(10))
        try offer(&script, Self.block())
        #expect(script.blocks.isEmpty && script.machine.statistics.late == 1)
        try script.sale(1)
        #expect(try isLast(script, under: HostFixture.macKey))
    }

    @Test("without a key encryption key, and without a MAC, nothing is asked")
    func without() throws {
        var script = try MachineScript()
        try script.signOn()
        try keepUp(&script, .seconds(200))
        #expect(!script.frames.contains { function($0, script) == "811" })
        let machine = HostLinkMachine(
            mapping: try HostFixture(macKey: nil).mapping, addresses: [], keyProtection: Self.protection, seed: 1)
        #expect(machine.keyProtection == nil)
    }

    @Test("what is no key block of this dialect is an error, whatever it is: cut short, too long, or chance")
    func blocks() throws {
        let dialect = try Dialect.named("iso8583-1993")
        let block = try Self.block()
        var random = SplitMix64(state: 7)
        var tries =
            (0..<block.utf8.count).map { String(block.prefix($0)) } + [block + "0", block + block, String(repeating: "D", count: 9999)]
        for _ in 0..<500 {
            var bytes = Array(block.utf8)
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0x20...0x7E, using: &random)
            let text = String(decoding: bytes, as: UTF8.self)
            // The same digit in the other case is the same block.
            if text.uppercased() != block { tries.append(text) }
        }
        for text in tries { #expect(throws: ISO8583Error.self) { try DialectMapping.macKey(in: text, under: Self.protection, dialect) } }
        #expect(try DialectMapping.macKey(in: block, under: Self.protection, dialect) == Self.newKey)
    }
}
