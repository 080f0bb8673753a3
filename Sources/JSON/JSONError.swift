/// Why a text is not JSON as we take it. The message never repeats the text itself.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case empty = "json.empty"
        case unexpectedEnd = "json.unexpectedEnd"
        case unexpectedCharacter = "json.unexpectedCharacter"
        case badNumber = "json.badNumber"
        case badEscape = "json.badEscape"
        case badUTF8 = "json.badUTF8"
        case controlCharacter = "json.controlCharacter"
        case duplicateName = "json.duplicateName"
        case tooDeep = "json.tooDeep"
        case trailingText = "json.trailingText"
    }

    public let code: Code
    /// Bytes before the fault.
    public let offset: Int

    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    public var description: String { "\(code.explanation) (byte \(offset))" }
}

extension JSONError.Code {
    public var explanation: String {
        switch self {
        case .empty: "The text is empty."
        case .unexpectedEnd: "The text ends too early."
        case .unexpectedCharacter: "A character is not allowed here."
        case .badNumber: "A number is not written as RFC 8259 has it."
        case .badEscape: "An escape in a string is wrong."
        case .badUTF8: "The text is not UTF-8."
        case .controlCharacter: "A string holds a control character that must be escaped."
        case .duplicateName: "A name stands twice in one object."
        case .tooDeep: "Objects and arrays are nested too deep."
        case .trailingText: "Something follows the end of the value."
        }
    }
}
