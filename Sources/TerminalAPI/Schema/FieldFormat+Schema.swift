import JSON

/// JSON Schema (draft 2020-12) of fields.
extension FieldFormat {
    /// As a POS may send it: digits also as a JSON integer.
    var requestSchema: JSONValue {
        switch self {
        case .amount: Self.digits("^[0-9]{1,12}$", 0...999_999_999_999)
        case .number(let range): Self.digits("^[0-9]{1,12}$", range)
        case .digits(let length, _): ["anyOf": [schema, ["type": "integer", "minimum": 0, "maximum": .integer(Self.largest(length))]]]
        case .flag: ["enum": ["0", "1", 0, 1]]
        case .quantity: ["anyOf": [schema, ["type": "integer", "minimum": 0]]]
        case .words(let words):
            [
                "anyOf": [
                    ["type": "array", "items": ["enum": .array(words.map(JSONValue.string))]],
                    ["type": "string", "pattern": .string(Self.separated(words))],
                ]
            ]
        case .list(let count, let element):
            [
                "type": "array", "minItems": .integer(Int64(count.lowerBound)), "maxItems": .integer(Int64(count.upperBound)),
                "items": element.requestSchema,
            ]
        case .object(let fields): Self.object(fields) { $0.requestSchema }
        case .text, .prose, .choice, .pem, .string: schema
        }
    }

    /// As the terminal writes it: every value a string, but lists and objects.
    var schema: JSONValue {
        switch self {
        case .text(let length, let alphabet):
            ["type": "string", "pattern": .string("^\(alphabet.characterClass){\(length.lowerBound),\(length.upperBound)}$")]
        // In bytes here, in characters there: a bound that holds for both.
        case .prose(let atMost): ["type": "string", "maxLength": .integer(Int64(atMost))]
        case .digits(let length, _): ["type": "string", "pattern": .string("^[0-9]{\(length.lowerBound),\(length.upperBound)}$")]
        case .amount: ["type": "string", "pattern": "^[0-9]{1,12}$"]
        case .number: ["type": "string", "pattern": "^[0-9]{1,12}$"]
        case .flag: ["enum": ["0", "1"]]
        case .choice(let choices): ["enum": .array(choices.map(JSONValue.string))]
        case .words(let words): ["type": "array", "items": ["enum": .array(words.map(JSONValue.string))]]
        case .quantity: ["type": "string", "maxLength": 12, "pattern": "^[0-9]+(\\.[0-9]+)?$"]
        case .pem(let atMost): ["type": "string", "maxLength": .integer(Int64(atMost)), "pattern": "^-----BEGIN "]
        case .string(let pattern): pattern.map { ["type": "string", "pattern": .string($0)] } ?? ["type": "string"]
        case .list(let count, let element):
            ["type": "array", "maxItems": .integer(Int64(count.upperBound)), "items": element.schema]
        case .object(let fields): Self.object(fields) { $0.schema }
        }
    }

    /// An object with these fields; unknown ones are ignored by whoever reads it.
    static func object(_ fields: [Field], _ schema: (Field) -> JSONValue) -> JSONValue {
        var properties = JSONObject()
        for field in fields { properties[field.name] = schema(field) }
        var object = JSONObject()
        object.append("type", "object")
        if !fields.isEmpty { object.append("properties", .object(properties)) }
        let required = fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { object.append("required", .array(required)) }
        return .object(object)
    }

    private static func digits(_ pattern: String, _ range: ClosedRange<Int64>) -> JSONValue {
        [
            "anyOf": [
                ["type": "string", "pattern": .string(pattern)],
                ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)],
            ]
        ]
    }

    private static func largest(_ length: ClosedRange<Int>) -> Int64 { (0..<length.upperBound).reduce(Int64(1)) { ten, _ in ten * 10 } - 1 }

    private static func separated(_ words: [String]) -> String {
        let word = "(\(words.joined(separator: "|")))"
        return "^[ ,]*(\(word)([ ,]+\(word))*[ ,]*)?$"
    }
}

extension Field {
    /// In a request `""` and `null` are absent, unless the field is required.
    var requestSchema: JSONValue {
        var object = JSONObject()
        object.append("description", .string(meaning))
        if isRequired {
            for member in format.requestSchema.object?.members ?? [] { object[member.name] = member.value }
        } else {
            object.append("anyOf", [format.requestSchema, ["enum": ["", nil]]])
        }
        return .object(object)
    }

    var schema: JSONValue {
        var object = JSONObject()
        object.append("description", .string(meaning))
        for member in format.schema.object?.members ?? [] { object[member.name] = member.value }
        return .object(object)
    }
}
