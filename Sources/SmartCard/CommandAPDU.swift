import Hex

/// A command APDU (ISO/IEC 7816-4, 5.1), cases 1 to 4, short or extended.
public struct CommandAPDU: Sendable, Hashable {
    public var instructionClass: UInt8
    public var instruction: UInt8
    public var p1: UInt8
    public var p2: UInt8
    /// Command data; Nc is its count, at most 65,535.
    public var data: [UInt8]
    /// Ne, the largest number of response bytes expected: `nil` none, 256 for Le = 00, up to 65,536.
    public var expectedLength: Int?

    public init(_ instructionClass: UInt8, _ instruction: UInt8, _ p1: UInt8, _ p2: UInt8, data: [UInt8] = [], expectedLength: Int? = nil) {
        self.instructionClass = instructionClass
        self.instruction = instruction
        self.p1 = p1
        self.p2 = p2
        self.data = data
        self.expectedLength = expectedLength
    }
}

/// Header and lengths only: command data may be card data.
extension CommandAPDU: CustomStringConvertible {
    public var description: String {
        "\([instructionClass, instruction, p1, p2].hexText) Nc=\(data.count) Ne=\(expectedLength.map(String.init) ?? "-")"
    }
}

extension CommandAPDU: CustomReflectable {
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
