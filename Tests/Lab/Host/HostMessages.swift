import Hex
import ISO8583
import Keys
import Testing

@testable import Lab

/// Messages of a terminal, as the default dialect has them, and the frames they travel in.
struct HostMessages {
    static let pan = "4761739001010119"
    let dialect: Dialect
    let encoder: MessageEncoder
    let decoder: MessageDecoder

    init() throws {
        dialect = try Dialect.named("iso8583-1993")
        encoder = MessageEncoder(dialect: dialect)
        decoder = MessageDecoder(dialect: dialect)
    }

    static func stanText(_ stan: Int) -> String { String(String(1_000_000 + stan).dropFirst()) }
    static let localDateTime = "260728120000"

    func payment(_ mti: String = "1200", stan: Int, amount: Int, processing: String = "000000", function: String = "200") -> Message {
        var message = follow(mti, stan: stan, amount: amount, processing: processing, function: function)
        message.set(26, "5999")
        message.set(43, "COUNTERTOP LAB")
        message.set(secret35(), 35)
        return message
    }

    func reversal(_ mti: String = "1420", stan: Int, of original: Int, originalType: String = "1200", amount: Int, reason: String = "4021")
        throws
        -> Message
    {
        var message = follow(mti, stan: stan, amount: amount, function: "400")
        message.set(25, reason)
        message.set(
            56,
            try OriginalDataElements(
                mti: originalType, stan: Self.stanText(original), localDateTime: Self.localDateTime, acquirer: "12345"
            ).text())
        return message
    }

    func reconciliation(_ mti: String = "1520", stan: Int, net: Int64) throws -> Message {
        var message = header(mti, stan: stan, function: "500")
        message.set(28, "260728")
        message.set(37, "RRN000000001")
        message.set(42, "MERCHANT0000001")
        message.set(48, "01006000001")
        message.set(50, "840")
        for number in [74, 75, 76, 77] { message.set(number, "0000000000") }
        for number in [86, 87, 88, 89] { message.set(number, "0000000000000000") }
        message.set(97, try NetAmount.text(net))
        return message
    }

    func network(stan: Int, function: String = "831") -> Message { header("1804", stan: stan, function: function) }

    private func follow(_ mti: String, stan: Int, amount: Int, processing: String = "000000", function: String) -> Message {
        var message = header(mti, stan: stan, function: function)
        message.set(3, processing)
        message.set(4, String(String(1_000_000_000_000 + amount).dropFirst()))
        message.set(22, "510101510140")
        message.set(37, "RRN000" + Self.stanText(stan))
        message.set(42, "MERCHANT0000001")
        message.set(48, "01006000001")
        message.set(49, "840")
        return message
    }

    private func header(_ mti: String, stan: Int, function: String) -> Message {
        var message = Message(mti: mti)
        message.set(7, "0728120000")
        message.set(11, Self.stanText(stan))
        message.set(12, Self.localDateTime)
        message.set(24, function)
        message.set(41, "TERM0001")
        return message
    }

    private func secret35() -> SecretBytes { SecretBytes("\(Self.pan)=30122010000012345678".utf8) }

    /// Without its length header, MAC included.
    func bytes(_ message: Message) throws -> [UInt8] {
        try encoder.encode(message, mac: { try CMAC.code(for: $0, key: LabKeys.hostMAC) })
    }

    func frame(_ message: Message) throws -> [UInt8] {
        let body = try bytes(message)
        return try dialect.header.bytes(for: body.count) + body
    }

    /// The answer in a frame, its MAC checked.
    func answer(_ frame: [UInt8]) throws -> Message {
        let received = try decoder.decode(Array(frame.dropFirst(2)))
        let mac = try #require(received.mac, "the answer has no MAC")
        #expect(mac == (try CMAC.code(for: received.authenticated, key: LabKeys.hostMAC, length: 8)), "the answer's MAC is wrong")
        return received.message
    }
}

extension Message {
    fileprivate mutating func set(_ secret: SecretBytes, _ number: Int) { set(number, secret: secret) }
}

/// What came of one message.
struct HostOutcomes {
    var frames: [(bytes: [UInt8], delay: Int64)] = []
    var entries: [LedgerEntry] = []
    var isClosed = false
    var notes: [String] = []
    var keys: HostMACKeys?

    init(_ actions: [HostMachine.Action]) {
        for action in actions {
            switch action {
            case .record(let entry): entries.append(entry)
            case .send(let bytes, let delay, _): frames.append((bytes, delay))
            case .keepKeys(let kept): keys = kept
            case .close: isClosed = true
            case .note(let text): notes.append(text)
            }
        }
    }
}
