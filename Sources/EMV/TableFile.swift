import SmartCard
import Yams

/// A table file: lists of rows, or of scalars, by name. Errors name the line and what is allowed.
struct TableFile {
    let name: String
    private let lists: [String: Node]

    init(yaml: String, name: String) throws(EMVError) {
        self.name = name
        let root: Node?
        do { root = try Yams.compose(yaml: yaml) } catch { throw EMVError(.tableMalformed, "\(name): this is not YAML.") }
        guard let mapping = root?.mapping else { throw EMVError(.tableMalformed, "\(name): the file holds lists by name.") }
        lists = Dictionary(mapping.map { ($0.key.string ?? "", $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    func holds(_ key: String) -> Bool { lists[key] != nil }

    private func list(_ key: String) throws(EMVError) -> [Node] {
        guard let node = lists[key] else { throw EMVError(.tableMalformed, "\(name): the list \(key) is missing.") }
        guard let sequence = node.sequence else { throw refusal(node, key, "lists") }
        return Array(sequence)
    }

    func rows(_ key: String) throws(EMVError) -> [Row] {
        var rows: [Row] = []
        for node in try list(key) {
            guard let mapping = node.mapping else { throw refusal(node, key, "rows of keys and values") }
            rows.append(Row(mapping: mapping, place: "\(name):\(node.mark?.line ?? 0)"))
        }
        return rows
    }

    /// A list of tags that fit.
    func tags(_ key: String, allowed: String, _ fits: (TagNumber) -> Bool) throws(EMVError) -> [TagNumber] {
        guard let sequence = lists[key]?.sequence else { throw refusal(key, allowed: allowed) }
        var tags: [TagNumber] = []
        for node in sequence {
            guard let tag = node.scalar.flatMap({ TagNumber(hex: $0.string) }), fits(tag) else { throw refusal(node, key, allowed) }
            tags.append(tag)
        }
        return tags
    }

    /// One text; `nil` when the file does not have it.
    func text(_ key: String, allowed: String) throws(EMVError) -> String? {
        guard let node = lists[key] else { return nil }
        guard let text = node.scalar?.string else { throw refusal(node, key, allowed) }
        return text
    }

    /// Refuses a key that is none of these.
    func finish(_ keys: [String]) throws(EMVError) {
        for (key, node) in lists where !keys.contains(key) {
            throw refusal(node, key.isEmpty ? "?" : key, "the keys \(keys.joined(separator: ", "))")
        }
    }

    /// A mapping of names to texts.
    func texts(_ key: String) throws(EMVError) -> [String: String] {
        guard let mapping = lists[key]?.mapping else { throw EMVError(.tableMalformed, "\(name): the table \(key) is missing.") }
        return Dictionary(mapping.map { ($0.key.string ?? "", $0.value.string ?? "") }, uniquingKeysWith: { first, _ in first })
    }

    /// For a value that fits by itself and not as a whole.
    func refusal(_ key: String, allowed: String) -> EMVError {
        guard let node = lists[key] else { return EMVError(.tableMalformed, "\(name): \(key): allowed are \(allowed).") }
        return refusal(node, key, allowed)
    }

    func refusal(_ node: Node, _ key: String, _ allowed: String) -> EMVError {
        EMVError(.tableMalformed, "\(name):\(node.mark?.line ?? 0): \(key): allowed are \(allowed).")
    }

    struct Row {
        fileprivate let mapping: Node.Mapping
        fileprivate let place: String

        func refusal(_ key: String, _ allowed: String) -> EMVError {
            EMVError(.tableMalformed, "\(place): \(key): allowed is \(allowed).")
        }

        func text(_ key: String) throws(EMVError) -> String {
            guard let text = mapping[Node(key)]?.scalar?.string, !text.isEmpty else { throw refusal(key, "a text, which must be there") }
            return text
        }

        func tag(_ key: String) throws(EMVError) -> TagNumber {
            guard let tag = TagNumber(hex: try text(key)) else { throw refusal(key, "a tag such as 9F26") }
            return tag
        }

        func choice<Value: RawRepresentable<String> & CaseIterable>(_ key: String, _: Value.Type) throws(EMVError) -> Value {
            guard let value = Value(rawValue: try text(key)) else {
                throw refusal(key, Value.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return value
        }

        func flag(_ key: String) throws(EMVError) -> Bool {
            switch mapping[Node(key)]?.scalar?.string {
            case nil, "false": return false
            case "true": return true
            default: throw refusal(key, "true or false")
            }
        }

        /// Refuses a key that is none of these.
        func finish(_ keys: [String]) throws(EMVError) {
            for (key, _) in mapping where !keys.contains(key.string ?? "") {
                throw refusal(key.string ?? "?", "one of the keys \(keys.joined(separator: ", "))")
            }
        }
    }
}
