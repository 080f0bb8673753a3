import Hex
import Keys

/// PIN entry on a SmartPIN K100 (ID TECH 80114510-001, pages 12 to 14): `02 LenL LenH body LRC SUM 03` in reports of 64 bytes without ids.
struct SmartPINExchange: HIDExchange {
    private enum Phase: Sendable, Hashable { case writing, waiting, stopping, over }

    private let pan: PAN
    private let limit: Duration
    private var phase = Phase.writing
    private var frames = SmartPINFrames()
    private var outcome: Result<PINEntry, DeviceError>?
    private var unexpected = 0

    private static let cancel: [UInt8] = [0x75, 0x46, 0x09]
    private static let stopLimit: Duration = .seconds(2)
    /// Key presses of a PIN and its corrections, and then some.
    private static let toleratedReports = 256

    /// - Parameter limit: how long is waited for the next key or the end; the pad's own limit is three minutes.
    init(_ pan: PAN, limit: Duration) {
        self.pan = pan
        self.limit = limit
    }

    mutating func on(_ event: HIDExchangeEvent) -> HIDExchangeAction<PINEntry> {
        switch (phase, event) {
        case (.over, _): return .finish(outcome ?? .failure(DeviceError(.protocolViolation, "the exchange is over")))
        // 01: DUKPT, account number in clear, sixteen digits.
        case (.writing, .start): return .write(SmartPINFrames.reports([0x75, 0x46, 0x07, 0x01] + sixteenDigits))
        case (.writing, .written):
            phase = .waiting
            return .wait(limit)
        case (.waiting, .received(let report)): return received(report)
        case (.waiting, .expired): return stop(.success(.timedOut))
        case (.writing, .cancelled), (.waiting, .cancelled): return stop(.failure(DeviceError(.cancelled, "PIN entry was cancelled")))
        case (.stopping, .written): return .wait(Self.stopLimit)
        case (.stopping, .received(let report)):
            unexpected += 1
            guard unexpected < 16, frames.on(report) == nil else { return finish() }
            return .wait(Self.stopLimit)
        case (.stopping, _): return finish()
        case (.writing, _), (.waiting, _):
            outcome = .failure(DeviceError(.refused, "the PIN pad does not take the command"))
            return finish()
        }
    }

    /// Twelve digits of the account number go into the PIN block, those before the check digit (ISO 9564-1, format 0).
    private var sixteenDigits: [UInt8] {
        pan.withDigits { digits in
            let last = Array(digits.utf8.suffix(16))
            return Array(repeating: 0x30, count: 16 - last.count) + last
        }
    }

    private mutating func received(_ report: [UInt8]) -> HIDExchangeAction<PINEntry> {
        unexpected += 1
        guard unexpected < Self.toleratedReports else {
            return stop(.failure(DeviceError(.protocolViolation, "the PIN pad sends no answer")))
        }
        // A key press: a star for a digit, B, C.
        if frames.isEmpty, report.first == 0x43 { return stop(.success(.cancelled)) }
        guard let body = frames.on(report) else { return .wait(limit) }
        switch body.first {
        case 0x06:
            let text = String(decoding: body.dropFirst(), as: UTF8.self)
            // Twenty digits of key serial number, sixteen of PIN block; an empty entry has no block.
            if text.utf8.count == 20 { return end(.success(.bypassed)) }
            guard text.utf8.count == 36, let bytes = [UInt8](hex: text) else {
                return end(.failure(DeviceError(.protocolViolation, "the PIN pad's answer has a wrong length")))
            }
            return end(.success(.entered(block: SecretBytes(bytes.suffix(8)), keySerialNumber: Array(bytes.prefix(10)))))
        case 0x15 where body.count >= 3:
            switch (body[1], body[2]) {
            case (0x18, _): return end(.success(.cancelled))
            case (0x07, 0x02): return end(.failure(DeviceError(.refused, "the PIN pad does not take the account number")))
            default:
                return end(
                    .failure(
                        DeviceError(
                            .refused, "the PIN pad answers with error \(body[1...2].hex)",
                            remedy: "Check that a PIN key is loaded.")))
            }
        case 0x43: return stop(.success(.cancelled))
        default: return .wait(limit)
        }
    }

    private mutating func stop(_ result: Result<PINEntry, DeviceError>) -> HIDExchangeAction<PINEntry> {
        outcome = result
        phase = .stopping
        unexpected = 0
        frames = SmartPINFrames()
        return .write(SmartPINFrames.reports(Self.cancel))
    }

    private mutating func end(_ result: Result<PINEntry, DeviceError>) -> HIDExchangeAction<PINEntry> {
        outcome = result
        return finish()
    }

    private mutating func finish() -> HIDExchangeAction<PINEntry> {
        phase = .over
        return .finish(outcome ?? .failure(DeviceError(.protocolViolation, "the PIN pad sends no answer")))
    }
}
