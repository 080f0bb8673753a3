import Hex

/// A response APDU: data and the status word.
public struct ResponseAPDU: Sendable, Hashable {
    public var data: [UInt8]
    public var status: StatusWord

    public init(data: [UInt8] = [], status: StatusWord) {
        self.data = data
        self.status = status
    }
}

/// Length and status only: response data may be card data.
extension ResponseAPDU: CustomStringConvertible {
    public var description: String { "Nr=\(data.count) SW=\(status)" }
}

extension ResponseAPDU: CustomReflectable {
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// SW1 SW2 (ISO/IEC 7816-4, 5.6).
public struct StatusWord: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public init(_ rawValue: UInt16) { self.rawValue = rawValue }

    public var sw1: UInt8 { UInt8(rawValue >> 8) }
    public var sw2: UInt8 { UInt8(rawValue & 0xFF) }
    public var description: String { [sw1, sw2].hex }

    public static let success = StatusWord(0x9000)
}

extension Sequence<UInt8> {
    var hexText: String { map { [$0].hex }.joined(separator: " ") }
}
