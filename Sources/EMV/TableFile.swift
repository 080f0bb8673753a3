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

    private func list(_ key: String) throws(EMVError) -> [Node] {
        guard let sequence = lists[key]?.sequence else { throw EMVError(.tableMalformed, "\(name): the list \(key) is missing.") }
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

    /// A list of tags.
    func tags(_ key: String) throws(EMVError) -> [TagNumber] {
        var tags: [TagNumber] = []
        for node in try list(key) {
            guard let text = node.scalar?.string, let tag = TagNumber(hex: text) else { throw refusal(node, key, "tags such as 9F26") }
            tags.append(tag)
        }
        return tags
    }

    /// A mapping of names to texts.
    func texts(_ key: String) throws(EMVError) -> [String: String] {
        guard let mapping = lists[key]?.mapping else { throw EMVError(.tableMalformed, "\(name): the table \(key) is missing.") }
        return Dictionary(mapping.map { ($0.key.string ?? "", $0.value.string ?? "") }, uniquingKeysWith: { first, _ in first })
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
