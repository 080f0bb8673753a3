import ISO8583
import Keys
import Testing

@testable import PaymentHost

/// A link machine with a made-up clock: every step is an event, and what is not expected fails.
struct MachineScript {
    var fixture: HostFixture
    var machine: HostLinkMachine
    var now: ContinuousClock.Instant
    /// Everything since the last look.
    private(set) var actions: [String] = []
    private(set) var outcomes: [Int: String] = [:]
    private(set) var frames: [Message] = []
    /// As they left, MAC included.
    private(set) var bytes: [[UInt8]] = []
    private(set) var log: [String] = []
    private(set) var connection = 0
    private(set) var stan = 900

    /// Whether a new key can be kept; `nil`: nobody has said yet.
    var keepsKeys: Bool? = true
    private(set) var blocks: [String] = []

    init(_ dialect: Dialect? = nil, addresses: Int = 1, keyProtection: SecretBytes? = nil, seed: UInt64 = 1) throws {
        fixture = try HostFixture(dialect)
        let list = (0..<addresses).map { HostLinkConfiguration.Address(host: "host\($0)", port: 8583) }
        machine = HostLinkMachine(mapping: fixture.mapping, addresses: list, keyProtection: keyProtection, seed: seed)
        now = ContinuousClock.now
    }

    /// Feeds an event; trace numbers are given at once.
    mutating func on(_ event: HostLinkMachine.Event) throws {
        var events = [event]
        while !events.isEmpty {
            for action in machine.on(events.removeFirst(), now: now) {
                switch action {
                case .connect(let id, let address):
                    connection = id
                    actions.append("connect \(address.host)")
                case .send(_, let frame, _):
                    let message = try fixture.message(in: frame)
                    frames.append(message)
                    bytes.append(frame)
                    actions.append("send \(message.mti)" + (message.mti == "1804" ? " \(message.text(24) ?? "")" : ""))
                case .close: actions.append("close")
                case .stamp(let id, let function):
                    stan += 1
                    let times = WireDateTimes(local: "261122214809", transmission: "1122204809")
                    events.append(.stamp(id, function, NetworkStamp(stan: stan, dateTimes: times)))
                case .storeKey(let block):
                    blocks.append(block)
                    if let keepsKeys { events.append(.keyStored(keepsKeys)) }
                case .complete(let id, let outcome):
                    #expect(outcomes[id] == nil, "exchange \(id) ended twice")
                    outcomes[id] = outcome.summary
                case .state(let state): actions.append("state \(state.rawValue)")
                case .log(_, let text): log.append(text)
                case .finished: actions.append("finished")
                }
            }
        }
    }

    /// What happened since the last look, in order.
    mutating func expect(_ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(actions == expected, sourceLocation: sourceLocation)
        actions = []
    }

    mutating func forget(_ isDull: (String) -> Bool) { actions.removeAll(where: isDull) }

    /// Lets the time pass, waking the machine whenever it wants.
    mutating func pass(_ duration: Duration) throws {
        let end = now.advanced(by: duration)
        while let wake = machine.nextWake, wake <= end {
            now = max(now, wake)
            try on(.time)
        }
        now = end
    }

    /// Connected and signed on.
    mutating func signOn() throws {
        try on(.start)
        try on(.connected(connection))
        try answerNetwork()
        expect(["connect host0", "state connecting", "send 1804 801", "state connected"])
    }

    /// Answers the last network message.
    mutating func answerNetwork(_ actionCode: String = "800") throws {
        let request = try #require(frames.last)
        try receive(fixture.answer(to: request, actionCode))
    }

    mutating func receive(_ message: Message, spoilingMAC: Bool = false) throws {
        try on(.received(connection, fixture.frame(message, spoilingMAC: spoilingMAC)))
    }

    /// Sends a sale with STAN = `id`, and gives the message that left, if any.
    @discardableResult mutating func sale(_ id: Int, within limit: Duration = .seconds(30)) throws -> Message? {
        let before = frames.count
        try on(.exchange(id, .financial(HostFixture.sale(id)), deadline: now.advanced(by: limit)))
        return frames.count > before ? frames.last : nil
    }
}
