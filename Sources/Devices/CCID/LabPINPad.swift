import Keys
import SmartCard

/// The PIN functions of the lab's virtual reader (USB 1209:C07E), asked with Escape. CCID knows only a plaintext PIN for the card; what else
/// a terminal needs of a pad every maker does in a way of its own, and this is the lab's. No clear PIN crosses the cable.
///
/// Request `43 54 | function | seconds | minimum digits | maximum digits | flags | rest`; lengths are two bytes, most significant first.
///
/// | function | rest | answer after its status byte |
/// |---|---|---|
/// | 01 verify enciphered (EMV 4.4 Book 2, 7) | length, exponent, length, modulus, challenge (8) | response APDU of VERIFY |
/// | 02 online PIN | length, PAN in ASCII, length, amount text, length, language | length, KSN, length, PIN block |
/// | 03 keys | | length, KSN of the next key or nothing |
///
/// Status: 00 done, 01 bypassed, 02 cancelled, 03 timed out. Flags: bit 0 an empty entry bypasses the PIN.
enum LabPINPadRequest: Sendable {
    struct Limits: Sendable {
        var minimumDigits: UInt8
        var maximumDigits: UInt8
        var seconds: UInt8
    }

    case encipheredPIN(modulus: [UInt8], exponent: [UInt8], challenge: [UInt8], limits: Limits)
    case onlinePIN(PINEntryRequest)
    case keys

    static let vendorID: UInt16 = 0x1209
    static let productID: UInt16 = 0xC07E

    var bytes: [UInt8] {
        switch self {
        case .encipheredPIN(let modulus, let exponent, let challenge, let limits):
            return [0x43, 0x54, 0x01, limits.seconds, limits.minimumDigits, limits.maximumDigits, 0] + Self.field(exponent)
                + Self.field(modulus) + challenge
        case .onlinePIN(let request):
            let limits = [request.seconds, request.minimumDigits, request.maximumDigits].map { UInt8(clamping: $0) }
            return [0x43, 0x54, 0x02] + limits + [request.bypassAllowed ? 1 : 0] + request.pan.withDigits { Self.field(Array($0.utf8)) }
                + Self.field(Array((request.amountText ?? "").utf8)) + Self.field(Array(request.language.utf8))
        case .keys: return [0x43, 0x54, 0x03, 0, 0, 0, 0]
        }
    }

    /// Until the pad's own limit must have struck.
    var patience: Duration {
        switch self {
        case .encipheredPIN(_, _, _, let limits): .seconds(Int(limits.seconds) + 10)
        case .onlinePIN(let request): .seconds(Int(UInt8(clamping: request.seconds)) + 10)
        case .keys: .seconds(3)
        }
    }

    private static func field(_ bytes: [UInt8]) -> [UInt8] {
        let part = bytes.prefix(0xFFFF)
        return [UInt8(truncatingIfNeeded: part.count >> 8), UInt8(truncatingIfNeeded: part.count)] + part
    }
}

struct LabPINPadAnswer: Sendable {
    enum Status: UInt8, Sendable {
        case done = 0
        case bypassed, cancelled, timedOut
    }

    var status: Status
    var rest: [UInt8]

    init(_ bytes: [UInt8]) throws(DeviceError) {
        guard let first = bytes.first, let status = Status(rawValue: first) else { throw Self.malformed }
        self.status = status
        rest = Array(bytes.dropFirst())
    }

    func verification() throws(DeviceError) -> PINVerificationOutcome {
        switch status {
        case .done: .answered(try CCIDReader.response(rest))
        case .bypassed: .bypassed
        case .cancelled: .cancelled
        case .timedOut: .timedOut
        }
    }

    func entry() throws(DeviceError) -> PINEntry {
        switch status {
        case .done:
            var rest = rest[...]
            let serial = try Self.field(&rest)
            let block = try Self.field(&rest)
            guard rest.isEmpty, (serial.count == 10 && block.count == 8) || (serial.count == 12 && block.count == 16) else {
                throw Self.malformed
            }
            return .entered(block: SecretBytes(block), keySerialNumber: serial)
        case .bypassed: return .bypassed
        case .cancelled: return .cancelled
        case .timedOut: return .timedOut
        }
    }

    private static func field(_ rest: inout ArraySlice<UInt8>) throws(DeviceError) -> [UInt8] {
        let header = rest.prefix(2)
        let count = header.reduce(0) { $0 << 8 | Int($1) }
        guard header.count == 2, rest.count - 2 >= count else { throw malformed }
        defer { rest = rest.dropFirst(2 + count) }
        return Array(rest.dropFirst(2).prefix(count))
    }

    private static let malformed = DeviceError(.protocolViolation, "the PIN pad's answer is malformed")
}

/// The lab's reader as the pad for online PINs.
struct LabPINPad: PINPad {
    let device: DeviceDescription
    let reader: CCIDReader

    func enterOnlinePIN(_ request: PINEntryRequest) async throws(DeviceError) -> PINEntry {
        try await reader.askPad(.onlinePIN(request), slot: 0).entry()
    }
}

extension CCIDReader {
    func askPad(_ request: LabPINPadRequest, slot: Int) async throws(DeviceError) -> LabPINPadAnswer {
        let answer = try await perform(.escape(request.bytes, patience: request.patience), slot: slot)
        return try LabPINPadAnswer(answer.data)
    }
}
