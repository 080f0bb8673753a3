import JSON

/// Reads the known fields of one JSON object by their formats (pos-protocol, section 2): `""` and `null` are absent, unknown fields are ignored,
/// and a known field that is malformed is named together with its rule.
struct FieldReader {
    let object: JSONObject
    /// What stands before a field's name in errors: where the object itself stands.
    var path = ""

    func value(_ name: String) -> JSONValue? {
        switch object[name] {
        case nil, .null, .string(""): nil
        case let value?: value
        }
    }

    func error(_ field: Field, _ rule: String? = nil) -> FieldError { FieldError(path + field.name, rule ?? field.format.rule) }

    /// The value read by its format.
    private func read<Value>(_ field: Field, _ read: (JSONValue) -> Value?) throws(FieldError) -> Value? {
        guard let value = value(field.name) else {
            if field.isRequired { throw error(field, "required") }
            return nil
        }
        guard let result = read(value) else { throw error(field) }
        return result
    }

    func text(_ field: Field) throws(FieldError) -> String? { try read(field, field.format.text) }
    func number(_ field: Field) throws(FieldError) -> Int64? { try read(field, field.format.number) }
    func flag(_ field: Field) throws(FieldError) -> Bool? { try read(field, field.format.number).map { $0 == 1 } }
    func words(_ field: Field) throws(FieldError) -> [String]? { try read(field, field.format.words) }

    func required(_ field: Field) throws(FieldError) -> String {
        guard let text = try text(field) else { throw error(field, "required") }
        return text
    }

    /// The elements of a list of texts.
    func texts(_ field: Field) throws(FieldError) -> [String]? {
        guard case .list(let count, let element) = field.format else { throw error(field) }
        return try read(field) { value in
            guard let elements = value.array, count.contains(elements.count) else { return nil }
            let texts = elements.compactMap(element.text)
            return texts.count == elements.count ? texts : nil
        }
    }

    /// The elements of a list of objects, each with a reader that names its place.
    func objects(_ field: Field) throws(FieldError) -> [FieldReader]? {
        guard case .list(let count, _) = field.format else { throw error(field) }
        return try read(field) { value in
            guard let elements = value.array, count.contains(elements.count) else { return nil }
            let objects = elements.compactMap(\.object)
            guard objects.count == elements.count else { return nil }
            return objects.map { FieldReader(object: $0, path: path + field.name + ".") }
        }
    }
}
