extension JSONValue {
    /// Parses exactly one JSON text. Duplicate names are an error, because two readers could understand two different things.
    /// - Parameter depthLimit: how deep objects and arrays may nest; the outermost counts one.
    public init(parsing bytes: some Sequence<UInt8>, depthLimit: Int = 16) throws(JSONError) {
        let parsed: Result<JSONValue, JSONError>? = bytes.withContiguousStorageIfAvailable { Self.parse($0, depthLimit) }
        self = try (parsed ?? ContiguousArray(bytes).withUnsafeBufferPointer { Self.parse($0, depthLimit) }).get()
    }

    public init(parsing text: String, depthLimit: Int = 16) throws(JSONError) {
        try self.init(parsing: text.utf8, depthLimit: depthLimit)
    }

    private static func parse(_ bytes: UnsafeBufferPointer<UInt8>, _ depthLimit: Int) -> Result<JSONValue, JSONError> {
        var parser = JSONParser(bytes, depthLimit: depthLimit)
        do throws(JSONError) { return .success(try parser.text()) } catch { return .failure(error) }
    }
}

/// Recursive descent over bytes; recursion is bounded by the depth limit.
struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let depthLimit: Int
    private var position = 0
    private static let scannedMembers = 32

    init(_ bytes: UnsafeBufferPointer<UInt8>, depthLimit: Int) {
        self.bytes = bytes
        self.depthLimit = depthLimit
    }

    mutating func text() throws(JSONError) -> JSONValue {
        skipWhiteSpace()
        guard position < bytes.count else { throw JSONError(.empty, at: position) }
        let value = try value(depth: 0)
        skipWhiteSpace()
        guard position == bytes.count else { throw JSONError(.trailingText, at: position) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), 0x30...0x39: return try number()
        default: throw JSONError(.unexpectedCharacter, at: position)
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= depthLimit else { throw JSONError(.tooDeep, at: position) }
        position += 1
        var object = JSONObject()
        // A scan is fastest for the few names of a real message; beyond that a set keeps a hostile one from costing the square of its length.
        var names: Set<String> = []
        skipWhiteSpace()
        if try peek() == UInt8(ascii: "}") {
            position += 1
            return .object(object)
        }
        while true {
            skipWhiteSpace()
            let start = position
            guard try peek() == UInt8(ascii: "\"") else { throw JSONError(.unexpectedCharacter, at: position) }
            let name = try string()
            if object.members.count < Self.scannedMembers {
                guard object[name] == nil else { throw JSONError(.duplicateName, at: start) }
            } else {
                if names.isEmpty { names = Set(object.members.map(\.name)) }
                guard names.insert(name).inserted else { throw JSONError(.duplicateName, at: start) }
            }
            skipWhiteSpace()
            guard try next() == UInt8(ascii: ":") else { throw JSONError(.unexpectedCharacter, at: position - 1) }
            skipWhiteSpace()
            object.append(name, try value(depth: depth))
            skipWhiteSpace()
            switch try next() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "}"): return .object(object)
            default: throw JSONError(.unexpectedCharacter, at: position - 1)
            }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= depthLimit else { throw JSONError(.tooDeep, at: position) }
        position += 1
        var elements: [JSONValue] = []
        skipWhiteSpace()
        if try peek() == UInt8(ascii: "]") {
            position += 1
            return .array(elements)
        }
        while true {
            skipWhiteSpace()
            elements.append(try value(depth: depth))
            skipWhiteSpace()
            switch try next() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "]"): return .array(elements)
            default: throw JSONError(.unexpectedCharacter, at: position - 1)
            }
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount {
            guard position < bytes.count else { throw JSONError(.unexpectedEnd, at: position) }
            guard bytes[position] == word.utf8Start[index] else { throw JSONError(.unexpectedCharacter, at: position) }
            position += 1
        }
        return value
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        var whole = true
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let firstDigit = position
        guard skipDigits() > 0 else { throw JSONError(.badNumber, at: start) }
        if bytes[firstDigit] == UInt8(ascii: "0"), position - firstDigit > 1 { throw JSONError(.badNumber, at: start) }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            whole = false
            position += 1
            guard skipDigits() > 0 else { throw JSONError(.badNumber, at: start) }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            whole = false
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() > 0 else { throw JSONError(.badNumber, at: start) }
        }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
        if whole, let value = Int64(text) { return .integer(value) }
        return .number(text)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        return position - start
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let text = try utf8(start..<position)
                position += 1
                return text
            case UInt8(ascii: "\\"): return try stringWithEscapes(from: start)
            case 0x00..<0x20: throw JSONError(.controlCharacter, at: position)
            default: position += 1
            }
        }
        throw JSONError(.unexpectedEnd, at: position)
    }

    /// The slow path: `position` is at the first backslash.
    private mutating func stringWithEscapes(from start: Int) throws(JSONError) -> String {
        var text = try utf8(start..<position)
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return text
            case UInt8(ascii: "\\"):
                text.unicodeScalars.append(try escape())
            case 0x00..<0x20: throw JSONError(.controlCharacter, at: position)
            default:
                let run = position
                while position < bytes.count, bytes[position] >= 0x20, bytes[position] != UInt8(ascii: "\""),
                    bytes[position] != UInt8(ascii: "\\")
                { position += 1 }
                text += try utf8(run..<position)
            }
        }
        throw JSONError(.unexpectedEnd, at: position)
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = position
        position += 1
        switch try next() {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try hexUnit(start)
            if let scalar = Unicode.Scalar(unit) { return scalar }
            // RFC 8259, 7: characters beyond the basic plane are a surrogate pair; a lone surrogate is no character.
            guard (0xD800..<0xDC00).contains(unit), try next() == UInt8(ascii: "\\"), try next() == UInt8(ascii: "u") else {
                throw JSONError(.badEscape, at: start)
            }
            let low = try hexUnit(start)
            guard (0xDC00..<0xE000).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (UInt32(unit - 0xD800) << 10) + UInt32(low - 0xDC00))
            else { throw JSONError(.badEscape, at: start) }
            return scalar
        default: throw JSONError(.badEscape, at: start)
        }
    }

    private mutating func hexUnit(_ start: Int) throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            let character = try next()
            switch character {
            case 0x30...0x39: unit = unit << 4 | UInt16(character - 0x30)
            case 0x41...0x46: unit = unit << 4 | UInt16(character - 0x41 + 10)
            case 0x61...0x66: unit = unit << 4 | UInt16(character - 0x61 + 10)
            default: throw JSONError(.badEscape, at: start)
            }
        }
        return unit
    }

    private func utf8(_ range: Range<Int>) throws(JSONError) -> String {
        guard let text = String(validating: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self) else {
            throw JSONError(.badUTF8, at: range.lowerBound)
        }
        return text
    }

    private mutating func skipWhiteSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw JSONError(.unexpectedEnd, at: position) }
        return bytes[position]
    }

    private mutating func next() throws(JSONError) -> UInt8 {
        let byte = try peek()
        position += 1
        return byte
    }
}
