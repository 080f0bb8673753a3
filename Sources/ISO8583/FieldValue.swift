import Keys

/// A field's value. Text is without the padding of the wire. It prints as its kind and length; only `Message` prints the few values that
/// anybody may see.
public enum FieldValue: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    case text(String)
    case bytes([UInt8])
    case secret(SecretBytes)

    /// Characters or bytes.
    public var count: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        case .secret(let secret): secret.count
        }
    }

    public var description: String {
        switch self {
        case .text: "text(\(count))"
        case .bytes: "bytes(\(count))"
        case .secret: "secret(\(count))"
        }
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
