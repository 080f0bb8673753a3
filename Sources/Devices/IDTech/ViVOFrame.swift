import Hex

/// Frames of ID TECH's ViVOtech2 protocol (NEO 2 Interface Developer's Guide, pages 28, 42 and 60): tag, command, sub-command or status, length,
/// data, CRC-16/CCITT.
struct ViVOFrame: Sendable, Hashable {
    var command: UInt8
    /// Sub-command in a command, status in a response.
    var second: UInt8
    var data: [UInt8]

    static let tag = Array("ViVOtech2".utf8) + [0]
    private static let headerLength = 14

    /// Commands carry their CRC least significant byte first, but for pass-through (2C), which has it the other way round.
    var encodedCommand: [UInt8] {
        let body = Self.tag + [command, second, UInt8(truncatingIfNeeded: data.count >> 8), UInt8(truncatingIfNeeded: data.count)] + data
        let check = Self.crc(body)
        let (high, low) = (UInt8(check >> 8), UInt8(truncatingIfNeeded: check))
        return body + (command == 0x2C ? [high, low] : [low, high])
    }

    enum Reading: Sendable, Hashable {
        case needMore
        case frame(ViVOFrame, length: Int)
        case malformed
    }

    /// The frame at the beginning of the bytes. Either order of the CRC is taken: the manual's own examples disagree.
    static func read(_ bytes: [UInt8]) -> Reading {
        guard bytes.prefix(tag.count).elementsEqual(tag.prefix(bytes.count)) else { return .malformed }
        guard bytes.count >= headerLength else { return .needMore }
        let length = Int(bytes[12]) << 8 | Int(bytes[13])
        let end = headerLength + length
        guard bytes.count >= end + 2 else { return .needMore }
        let check = crc(bytes[..<end])
        let (high, low) = (UInt8(check >> 8), UInt8(truncatingIfNeeded: check))
        guard (bytes[end], bytes[end + 1]) == (high, low) || (bytes[end], bytes[end + 1]) == (low, high) else { return .malformed }
        return .frame(ViVOFrame(command: bytes[10], second: bytes[11], data: Array(bytes[headerLength..<end])), length: end + 2)
    }

    /// Polynomial 1021, initial value FFFF, not reflected.
    static func crc(_ bytes: some Sequence<UInt8>) -> UInt16 {
        bytes.reduce(UInt16(0xFFFF)) { check, byte in
            (0..<8).reduce(check ^ UInt16(byte) << 8) { value, _ in value & 0x8000 == 0 ? value << 1 : value << 1 ^ 0x1021 }
        }
    }
}

/// Frames in HID reports of 64 bytes: report id, 63 bytes of frame, zero filled (NEO 2 Interface Developer's Guide, pages 41 and 42).
enum ViVOReports {
    static let length = 64
    private static let payload = 63

    static func split(_ frame: [UInt8]) -> [[UInt8]] {
        let parts = stride(from: 0, to: frame.count, by: payload).map { Array(frame[$0..<min($0 + payload, frame.count)]) }
        return parts.enumerated().map { index, part in
            let id: UInt8 = parts.count == 1 ? 1 : index == 0 ? 2 : index == parts.count - 1 ? 4 : 3
            return [id] + part + Array(repeating: 0, count: payload - part.count)
        }
    }

    /// Puts frames together again. The end comes from the length field, not from the filling.
    struct Assembler: Sendable, Hashable {
        private var bytes: [UInt8] = []
        /// The longest response known is a few hundred bytes.
        private static let longest = 14 + 0xFFFF + 2

        init() {}

        enum Result: Sendable, Hashable {
            case needMore
            case frame(ViVOFrame)
            case malformed
        }

        mutating func on(_ report: [UInt8]) -> Result {
            guard let id = report.first else { return .malformed }
            switch id {
            case 1, 2: bytes = Array(report.dropFirst())
            // Ignored unless something came before.
            case 3, 4:
                guard !bytes.isEmpty else { return .malformed }
                bytes += report.dropFirst()
            default: return .malformed
            }
            switch ViVOFrame.read(bytes) {
            case .frame(let frame, _):
                bytes = []
                return .frame(frame)
            case .needMore where (id == 2 || id == 3) && bytes.count < Self.longest: return .needMore
            case .needMore, .malformed:
                bytes = []
                return .malformed
            }
        }
    }
}

/// Status of a response (NEO 2 Interface Developer's Guide, page 28).
enum ViVOStatus {
    static let success: UInt8 = 0x00
    static let timeout: UInt8 = 0x08
    static let failed: UInt8 = 0x0A
    static let userInterfaceEvent: UInt8 = 0x0E
    static let onlineRequested: UInt8 = 0x23

    static func error(_ status: UInt8) -> DeviceError {
        switch status {
        case timeout: DeviceError(.timeout, "the reader waited in vain")
        case 0x02, 0x03: DeviceError(.unsupported, "the reader does not know the command")
        case 0x0B, 0x0C: DeviceError(.refused, "the reader does not allow the command now")
        case 0x1D: DeviceError(.refused, "the reader was tampered with", remedy: "Take it out of service and call its maker.")
        default: DeviceError(.refused, "the reader answers with status \([status].hex)")
        }
    }
}
