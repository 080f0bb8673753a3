import Hex
import ISO8583
import JSON
import Keys
import PaymentHost

/// What a body of `POST /lab/host` asks for. Only what it names changes.
public struct HostChange: Sendable, Hashable {
    public var mode: HostMode?
    /// `.some(nil)` takes a waiting fault back.
    public var next: HostMode??
    public var latencyMilliseconds: Int64?
    public var lateMilliseconds: Int64?
    public var keyChange: HostKeyChange?

    public init(mode: HostMode? = nil, next: HostMode?? = .none, latencyMilliseconds: Int64? = nil, lateMilliseconds: Int64? = nil) {
        self.mode = mode
        self.next = next
        self.latencyMilliseconds = latencyMilliseconds
        self.lateMilliseconds = lateMilliseconds
    }

    func apply(to faults: inout HostFaults) {
        if let mode { faults.mode = mode }
        if let next { faults.next = next }
        if let latencyMilliseconds { faults.latencyMilliseconds = latencyMilliseconds }
        if let keyChange { faults.keyChange = keyChange }
        if let lateMilliseconds { faults.lateMilliseconds = lateMilliseconds }
    }
}

/// The control interface's side of the host (`lab-control`), without HTTP.
public enum HostControl {
    /// Longest delay that can be set: an hour.
    static let longestDelay: Int64 = 3_600_000

    /// Reads the body of `POST /lab/host`. Everything in it is right, or nothing of it is done.
    public static func change(_ body: JSONValue) throws(LabError) -> HostChange {
        guard let object = body.object else { throw LabError(.badRequest, "The body must be a JSON object.") }
        guard !object.members.isEmpty else { throw LabError(.badRequest, "The body names nothing to change: \(known).") }
        var change = HostChange()
        for member in object.members {
            switch member.name {
            case "mode": change.mode = try mode(member)
            case "next":
                let next = member.value == .null ? nil : try mode(member)
                guard next != .refuse else { throw LabError(.badRequest, "next cannot be refuse, which is no fault of one message.") }
                change.next = .some(next)
            case "latencyMs": change.latencyMilliseconds = try delay(member)
            case "lateMs": change.lateMilliseconds = try delay(member)
            case "keyChange": change.keyChange = try keyChange(member)
            default: throw LabError(.badRequest, "There is no \(member.name.prefix(40)); there are \(known).")
            }
        }
        return change
    }

    /// `host` of `GET /lab/state`; of the keys their check values.
    public static func state(_ faults: HostFaults, _ keys: HostMACKeys, _ dialect: Dialect) -> JSONValue {
        func value(_ key: SecretBytes?) -> JSONValue {
            key.flatMap { DialectMapping.checkValue(of: $0, dialect) }.map { .string($0.hex) } ?? .null
        }
        return [
            "mode": .string(faults.mode.rawValue), "latencyMs": .integer(faults.latencyMilliseconds),
            "lateMs": .integer(faults.lateMilliseconds), "next": faults.next.map { .string($0.rawValue) } ?? .null,
            "keyChange": .string(faults.keyChange.rawValue), "macKey": value(keys.inForce), "offeredKey": value(keys.offered),
        ]
    }

    private static let known = "mode, next, latencyMs, lateMs, keyChange"

    private static func mode(_ member: JSONObject.Member) throws(LabError) -> HostMode {
        guard let mode = member.value.string.flatMap(HostMode.init(rawValue:)) else {
            throw LabError(.badRequest, "\(member.name) must be one of \(HostMode.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return mode
    }

    private static func keyChange(_ member: JSONObject.Member) throws(LabError) -> HostKeyChange {
        guard let change = member.value.string.flatMap(HostKeyChange.init(rawValue:)) else {
            throw LabError(
                .badRequest, "\(member.name) must be one of \(HostKeyChange.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return change
    }

    private static func delay(_ member: JSONObject.Member) throws(LabError) -> Int64 {
        guard let delay = member.value.integer, (0...longestDelay).contains(delay) else {
            throw LabError(.badRequest, "\(member.name) must be a whole number of milliseconds, 0 to \(longestDelay).")
        }
        return delay
    }
}
