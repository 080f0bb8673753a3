import Foundation
import ISO8583
import Keys
import Testing

@testable import Lab
@testable import PaymentHost

/// Terminal and host simulator over an imagined cable, one message at a time, so that either may end between any two of them.
@Suite("The host simulator changes the MAC key")
struct HostKeyChangeTests {
    static let second = SecretBytes([UInt8](repeating: 2, count: 16))
    let dialect: Dialect
    let messages: HostMessages
    var machine: HostMachine

    init() throws {
        messages = try HostMessages()
        dialect = messages.dialect
        machine = HostMachine(dialect: dialect, newKey: { _ in Self.second })
    }

    private func mapping(_ key: SecretBytes, _ other: Dialect? = nil) throws -> DialectMapping {
        try DialectMapping(
            dialect: other ?? dialect,
            merchant: MerchantIdentity(
                terminalID: "TERM0001", merchantID: "MERCHANT0000001", nameAndLocation: "COUNTERTOP LAB", categoryCode: "5999",
                acquirerID: "12345"),
            terminal: PointOfServiceTerminal(), macKey: key)
    }

    /// The host's answer to a network message under this key; its MAC checked under the same.
    private mutating func ask(_ function: NetworkFunction, _ stan: Int, under key: SecretBytes) throws -> (Message?, HostOutcomes) {
        let mapping = try mapping(key)
        let stamp = NetworkStamp(stan: stan, dateTimes: WireDateTimes(local: "260728120000", transmission: "0728120000"))
        let frame = try mapping.frame(try mapping.message(for: function, stamp))
        let outcomes = HostOutcomes(machine.received(Array(frame.dropFirst(2)), time: ""))
        guard let answer = outcomes.frames.first else { return (nil, outcomes) }
        let received = try mapping.decode(Array(answer.bytes.dropFirst(2)))
        if received.message.text(39) != "916" { #expect(mapping.macFault(received, under: key) == nil) }
        return (received.message, outcomes)
    }

    private mutating func code(_ function: NetworkFunction, _ stan: Int, under key: SecretBytes) throws -> String? {
        try ask(function, stan, under: key).0?.text(39)
    }

    private func key(in answer: Message?) throws -> SecretBytes {
        try mapping(LabKeys.hostMAC).newKey(in: try #require(answer), under: LabKeys.keyProtection).key
    }

    @Test("Both keys are good until the new one is used, then the old one is not")
    mutating func bothKeys() throws {
        let (answer, outcomes) = try ask(.keyChange, 1, under: LabKeys.hostMAC)
        #expect(answer?.text(39) == "800")
        #expect(try key(in: answer) == Self.second)
        #expect(outcomes.keys == HostMACKeys(LabKeys.hostMAC, offered: Self.second), "kept before it is answered")
        #expect(try code(.echo, 2, under: LabKeys.hostMAC) == "800", "a terminal that died over it has the old key")
        #expect(try code(.echo, 3, under: Self.second) == "800")
        #expect(machine.keys == HostMACKeys(Self.second))
        #expect(try code(.echo, 4, under: LabKeys.hostMAC) == "916")
        #expect(try code(.echo, 5, under: Self.second) == "800")
    }

    @Test("Asked again before the new key was used, the host offers the same one: the terminal may have stored it")
    mutating func sameAgain() throws {
        _ = try ask(.keyChange, 1, under: LabKeys.hostMAC)
        let other = SecretBytes([UInt8](repeating: 3, count: 16))
        machine = HostMachine(dialect: dialect, keys: machine.keys, newKey: { _ in other })
        let again = try ask(.keyChange, 2, under: LabKeys.hostMAC).0
        #expect(try key(in: again) == Self.second)
    }

    @Test("Set to refuse, be silent or damage the block, it does, and both keys stay good", arguments: HostKeyChange.allCases)
    mutating func faults(change: HostKeyChange) throws {
        machine.faults.keyChange = change
        let (answer, _) = try ask(.keyChange, 1, under: LabKeys.hostMAC)
        switch change {
        case .offer: #expect(try key(in: answer) == Self.second)
        case .refuse: #expect(answer?.text(39) == "902" && machine.keys.offered == nil)
        case .silent: #expect(answer == nil)
        case .damage: #expect(throws: ISO8583Error.self) { try key(in: answer) }
        }
        #expect(try code(.echo, 2, under: LabKeys.hostMAC) == "800")
        if change != .refuse { #expect(try code(.echo, 3, under: Self.second) == "800") }
    }

    @Test("Link and host change the key in every dialect, and go on under the new one", arguments: Dialect.embeddedNames)
    func wholeChange(name: String) throws {
        let dialect = try Dialect.named(name)
        var host = HostMachine(dialect: dialect, newKey: { _ in Self.second })
        var link = HostLinkMachine(
            mapping: try mapping(LabKeys.hostMAC, dialect), addresses: [.init(host: "127.0.0.1", port: 1)],
            keyProtection: LabKeys.keyProtection, seed: 1)
        var stan = 0
        var events: [HostLinkMachine.Event] = [.start]
        while !events.isEmpty {
            for action in link.on(events.removeFirst(), now: .now) {
                switch action {
                case .connect(let id, _): events.append(.connected(id))
                case .stamp(let id, let function):
                    stan += 1
                    let times = WireDateTimes(local: "260728120000", transmission: "0728120000")
                    events.append(.stamp(id, function, NetworkStamp(stan: stan, dateTimes: times)))
                case .send(let id, let frame, _):
                    for case .send(let bytes, _, _) in host.received(Array(frame.dropFirst(2)), time: "") {
                        events.append(.received(id, bytes))
                    }
                case .storeKey: events.append(.keyStored(true))
                default: break
                }
            }
        }
        let statistics = link.statistics
        #expect(statistics.keyChanges == 1 && statistics.failedKeyChanges == 0 && link.state == .connected)
        #expect(host.keys == HostMACKeys(Self.second), "the echo behind it was under the new key")
        #expect(statistics.lastEcho != nil && stan == 3)
    }

    @Test("The key block does not stand in the books")
    mutating func books() throws {
        let (answer, _) = try ask(.keyChange, 1, under: LabKeys.hostMAC)
        let entry = machine.sent(try #require(answer), time: "")
        #expect(entry.message.fields[48]?.contains("12004****") == true, "\(entry.message.fields[48] ?? "")")
    }

    @Test("The keys outlive the simulator in a file of their own")
    func file() throws {
        let keys = HostMACKeys(LabKeys.hostMAC, offered: Self.second)
        #expect(HostMACKeys(lines: keys.lines) == keys)
        #expect(HostMACKeys(lines: HostMACKeys(Self.second).lines) == HostMACKeys(Self.second))
        for damaged in ["", "\n", "zz\n", "00\n11\n22\n"] { #expect(HostMACKeys(lines: Array(damaged.utf8)) == nil) }
    }
}
