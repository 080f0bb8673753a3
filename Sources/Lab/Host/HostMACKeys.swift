import Hex
import ISO8583
import JSON
import Keys
import PaymentHost

/// The MAC keys of one terminal as the host knows them. A new key is offered until a message comes under it: only then the old one is forgotten, so
/// that whichever side ends in between, the terminal's next message is understood.
public struct HostMACKeys: Sendable, Equatable {
    public private(set) var inForce: SecretBytes
    public private(set) var offered: SecretBytes?

    public init(_ inForce: SecretBytes, offered: SecretBytes? = nil) {
        self.inForce = inForce
        self.offered = offered
    }

    mutating func offer(_ key: SecretBytes) { offered = key }

    /// The terminal has used the offered key.
    mutating func confirm() {
        guard let offered else { return }
        inForce = offered
        self.offered = nil
    }

    /// One line each; of the lab only, whose keys everybody may know.
    var lines: [UInt8] {
        Array([inForce, offered].compactMap { $0?.withBytes { $0.hex } }.joined(separator: "\n").utf8) + [0x0A]
    }

    init?(lines: [UInt8]) {
        let keys = String(decoding: lines, as: UTF8.self).split(separator: "\n").map { [UInt8](hex: $0).map { SecretBytes($0) } }
        guard (1...2).contains(keys.count), let first = keys[0] else { return nil }
        self.init(first, offered: keys.count == 2 ? keys[1] : nil)
    }
}

/// What becomes of a request for a new MAC key (`POST /lab/host`, `keyChange`).
public enum HostKeyChange: String, Sendable, Hashable, CaseIterable {
    case offer
    /// Answered with a code that refuses.
    case refuse
    /// Offered, and never said so.
    case silent
    /// A key block that was changed on its way.
    case damage
}

extension HostMachine {
    /// Whether the MAC is right under a key that the terminal may have; the answer goes out under the same.
    mutating func authenticate(_ received: MessageDecoder.Received) -> (isRight: Bool, [Action]) {
        guard dialect.mac.algorithm != .none else { return (true, []) }
        if isAuthentic(received, keys.inForce) {
            answerKey = keys.inForce
            return (true, [])
        }
        guard let offered = keys.offered, isAuthentic(received, offered) else {
            answerKey = keys.inForce
            return (false, [])
        }
        keys.confirm()
        answerKey = offered
        return (true, [.keepKeys(keys), .note("the terminal uses its new MAC key")])
    }

    private func isAuthentic(_ received: MessageDecoder.Received, _ key: SecretBytes) -> Bool {
        guard let mac = received.mac, let expected = try? dialect.mac.code(for: received.authenticated, key: key) else { return false }
        return SecretBytes(mac) == SecretBytes(expected)
    }

    func isKeyChange(_ request: LedgerRequest) -> Bool {
        request.kind == .network && request.functionCode == dialect.functionCodes[NetworkFunction.keyChange.rawValue]
    }

    /// The same key again until the terminal uses it: it may have stored one whose answer it never saw used.
    mutating func changeKey(_ request: LedgerRequest, _ message: Message, _ answerType: String) -> [Action] {
        guard faults.keyChange != .refuse, let header = DialectMapping.keyBlockHeader(dialect) else {
            return refusal(HostActionCode.invalidTransaction, message, answerType)
        }
        let key = keys.offered ?? newKey(keys.inForce)
        keys.offer(key)
        let kept: [Action] = [.keepKeys(keys)]
        guard faults.keyChange != .silent else { return kept + [.note("\(answerType) with a new MAC key withheld")] }
        do {
            let padding = try CMAC.code(for: [0x00], key: key)
            var block = try KeyBlock(header: header, key: key).text(protection: keyProtection, padding: padding)
            if faults.keyChange == .damage { block = block.dropLast() + (block.hasSuffix("0") ? "1" : "0") }
            var elements = PrivateElements()
            elements["12"] = block
            var answer = answerMessage(.init(actionCode: HostActionCode.networkAccepted, isApproved: false), request, message, answerType)
            answer.set(48, try elements.text())
            return kept + deliver(answer, request.kind, .answer)
        } catch {
            return kept + [.note("no key block can be made: \(error)")]
        }
    }
}
