import Yams

/// One mapping of a dialect file. Errors name the key and its line; every key must be asked for, else it is unknown.
struct DialectReader {
    let path: String
    private let entries: [(key: String, node: Node)]
    private let line: Int

    init(_ node: Node?, path: String) throws(ISO8583Error) {
        self.path = path
        guard let node, let mapping = node.mapping else { throw ISO8583Error(.dialect, path, "must be a mapping") }
        line = node.mark?.line ?? 0
        var entries: [(key: String, node: Node)] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                throw ISO8583Error(.dialect, path, "line \(key.mark?.line ?? 0): a key must be a word")
            }
            entries.append((name, value))
        }
        self.entries = entries
    }

    var keys: [String] { entries.map(\.key) }

    func error(_ key: String, _ reason: String) -> ISO8583Error {
        let line = entries.first { $0.key == key }?.node.mark?.line ?? line
        return ISO8583Error(.dialect, path.isEmpty ? key : "\(path).\(key)", "line \(line): \(reason)")
    }

    /// Refuses keys outside `known`.
    func allow(_ known: Set<String>) throws(ISO8583Error) {
        if let key = keys.first(where: { !known.contains($0) }) {
            throw error(key, "unknown key; there are \(known.sorted().joined(separator: ", "))")
        }
    }

    func node(_ key: String) -> Node? { entries.first { $0.key == key }?.node }

    func text(_ key: String) throws(ISO8583Error) -> String {
        guard let text = try optionalText(key) else { throw error(key, "is missing") }
        return text
    }

    func optionalText(_ key: String) throws(ISO8583Error) -> String? {
        guard let node = node(key) else { return nil }
        guard let text = node.scalar?.string else { throw error(key, "must be a word") }
        return text
    }

    func number(_ key: String, in range: ClosedRange<Int>) throws(ISO8583Error) -> Int? {
        guard let text = try optionalText(key) else { return nil }
        guard let number = Int(text), range.contains(number) else { throw error(key, "must be \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    func flag(_ key: String) throws(ISO8583Error) -> Bool? {
        switch try optionalText(key) {
        case nil: nil
        case "true": true
        case "false": false
        default: throw error(key, "must be true or false")
        }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, _: Choice.Type = Choice.self) throws(ISO8583Error) -> Choice?
    where Choice.RawValue == String {
        guard let text = try optionalText(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw error(key, "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    /// A list of words.
    func choices<Choice: RawRepresentable & CaseIterable>(_ key: String) throws(ISO8583Error) -> [Choice] where Choice.RawValue == String {
        guard let list = node(key)?.sequence, !list.isEmpty else { throw error(key, "must be a list of words") }
        var choices: [Choice] = []
        for item in list {
            guard let choice = item.scalar.flatMap({ Choice(rawValue: $0.string) }) else {
                throw error(key, "must be of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            choices.append(choice)
        }
        return choices
    }

    /// A list of field numbers, all of which the dialect has.
    func numbers(_ key: String, among fields: [Int: FieldDefinition]) throws(ISO8583Error) -> Set<Int> {
        guard let node = node(key) else { return [] }
        guard let list = node.sequence else { throw error(key, "must be a list of field numbers") }
        var numbers: Set<Int> = []
        for item in list {
            guard let number = item.scalar.flatMap({ Int($0.string) }), fields[number] != nil else {
                throw error(key, "names a field that is not in the field table")
            }
            numbers.insert(number)
        }
        return numbers
    }

    func mapping(_ key: String) throws(ISO8583Error) -> DialectReader {
        guard let node = node(key) else { throw error(key, "is missing") }
        return try DialectReader(node, path: path.isEmpty ? key : "\(path).\(key)")
    }

    func optionalMapping(_ key: String) throws(ISO8583Error) -> DialectReader? { node(key) == nil ? nil : try mapping(key) }
}
