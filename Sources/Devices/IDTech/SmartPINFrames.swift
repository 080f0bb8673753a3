/// How a SmartPIN K100 is spoken to (ID TECH 80114510-001, page 12): `02 LenL LenH body LRC SUM 03` in reports of 64 bytes without ids.
struct SmartPINFrames: Sendable {
    private var bytes: [UInt8] = []

    private static let reportLength = 64
    private static let longest = 512

    init() {}

    /// No frame has begun.
    var isEmpty: Bool { bytes.isEmpty }

    /// The body of a frame when it is complete; reports that begin none are dropped.
    mutating func on(_ report: [UInt8]) -> [UInt8]? {
        if bytes.isEmpty, report.first != 0x02 { return nil }
        bytes += report
        switch IDTechMSRMessage.frame(bytes) {
        case .needMore:
            if bytes.count > Self.longest { bytes = [] }
            return nil
        case .malformed:
            bytes = []
            return nil
        case .message(let body, _):
            bytes = []
            return body
        }
    }

    static func frame(_ body: [UInt8]) -> [UInt8] {
        [0x02, UInt8(truncatingIfNeeded: body.count), UInt8(truncatingIfNeeded: body.count >> 8)] + body
            + [body.reduce(0, ^), body.reduce(0, &+), 0x03]
    }

    static func reports(_ body: [UInt8]) -> [HIDReportBytes] {
        let frame = frame(body)
        return stride(from: 0, to: frame.count, by: reportLength).map { start in
            let part = frame[start..<min(start + reportLength, frame.count)]
            return HIDReportBytes(kind: .output, id: 0, bytes: part + Array(repeating: 0, count: reportLength - part.count))
        }
    }
}
