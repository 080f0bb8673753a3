import Hex
import Yams

/// One key of a table file with everything that checks and documents it.
struct TableKey: Sendable {
    indirect enum Kind: Sendable {
        case text(atMost: Int)
        case choice([String])
        case integer(ClosedRange<Int64>)
        case boolean
        /// Bytes.
        case hex(ClosedRange<Int>)
        /// A list of short texts; what they are.
        case texts(String)
        case table([TableKey])
        case tables([TableKey])
    }

    enum Presence: Sendable { case required, optional }

    let name: String
    let kind: Kind
    let presence: Presence
    let meaning: String

    init(_ name: String, _ kind: Kind, _ presence: Presence, _ meaning: String) {
        self.name = name
        self.kind = kind
        self.presence = presence
        self.meaning = meaning
    }
}

extension TableKey.Kind {
    /// What a person is told when a value does not fit, and what the documentation says.
    var allowed: String {
        switch self {
        case .text(let atMost): "text of 1 to \(atMost) characters"
        case .choice(let choices): choices.joined(separator: ", ")
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .hex(let range) where range.lowerBound == range.upperBound: "\(range.lowerBound * 2) hexadecimal digits"
        case .hex(let range): "\(range.lowerBound * 2) to \(range.upperBound * 2) hexadecimal digits"
        case .texts(let element): "a list of \(element)"
        case .table(let keys): "the keys \(keys.map(\.name).joined(separator: ", "))"
        case .tables(let keys): "a list of entries with the keys \(keys.map(\.name).joined(separator: ", "))"
        }
    }

    fileprivate func accepts(_ text: String) -> Bool {
        switch self {
        case .text(let atMost):
            (1...atMost).contains(text.count) && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        case .choice(let choices): choices.contains(text)
        case .integer(let range): Int64(text).map(range.contains) ?? false
        case .boolean: text == "true" || text == "false"
        case .hex(let range): [UInt8](hex: text).map { range.contains($0.count) } ?? false
        case .texts, .table, .tables: false
        }
    }
}

/// A mapping of a table file, checked against its keys. What it gives fits.
struct CheckedTable {
    private let file: String
    private let line: Int?
    private let path: String
    private var values: [String: [String]] = [:]
    private var tables: [String: [CheckedTable]] = [:]

    init(yaml: String, file: String, keys: [TableKey]) throws(ServiceError) {
        let root: Node?
        do { root = try Yams.compose(yaml: yaml) } catch { throw ServiceError(.table, "\(file): this is not YAML: \(error)") }
        guard let root else { throw ServiceError(.table, "\(file): the file is empty.") }
        try self.init(root, file: file, path: "", keys: keys)
    }

    private init(_ node: Node, file: String, path: String, keys: [TableKey]) throws(ServiceError) {
        self.file = file
        self.path = path
        line = node.mark?.line
        let allowed = keys.map(\.name).joined(separator: ", ")
        guard let mapping = node.mapping else {
            throw Self.refusal(file, line, "\(path.isEmpty ? "The file" : path) holds keys, not a value. Allowed: \(allowed).")
        }
        for (name, value) in mapping {
            guard let key = keys.first(where: { $0.name == name.string }) else {
                throw Self.refusal(file, name.mark?.line, "\(path)\(name.string ?? "This") is not a key. Allowed: \(allowed).")
            }
            try read(value, key)
        }
        for key in keys where key.presence == .required && mapping[Node(key.name)] == nil {
            throw Self.refusal(file, line, "\(path)\(key.name) is missing. \(key.meaning) Allowed: \(key.kind.allowed).")
        }
    }

    private mutating func read(_ node: Node, _ key: TableKey) throws(ServiceError) {
        let refusal = Self.refusal(file, node.mark?.line, "\(path)\(key.name): the value does not fit. Allowed: \(key.kind.allowed).")
        switch key.kind {
        case .table(let keys): tables[key.name] = [try CheckedTable(node, file: file, path: path + key.name + ".", keys: keys)]
        case .tables(let keys):
            guard let sequence = node.sequence else { throw refusal }
            var list: [CheckedTable] = []
            for item in sequence { list.append(try CheckedTable(item, file: file, path: path + key.name + ".", keys: keys)) }
            tables[key.name] = list
        case .texts:
            guard let sequence = node.sequence else { throw refusal }
            values[key.name] = []
            for item in sequence {
                guard let text = item.scalar?.string, (1...64).contains(text.count) else { throw refusal }
                values[key.name]?.append(text)
            }
        default:
            guard let text = node.scalar?.string, key.kind.accepts(text) else { throw refusal }
            values[key.name] = [text]
        }
    }

    func text(_ key: String) -> String? { values[key]?.first }
    func texts(_ key: String) -> [String] { values[key] ?? [] }
    func number(_ key: String) -> Int64? { text(key).flatMap { Int64($0) } }
    func list(_ key: String) -> [CheckedTable] { tables[key] ?? [] }
    func table(_ key: String) -> CheckedTable? { tables[key]?.first }

    /// For a value that fits its key and not its neighbours.
    func refusal(_ key: String, _ allowed: String) -> ServiceError {
        Self.refusal(file, line, "\(path)\(key): the value does not fit. Allowed: \(allowed).")
    }

    /// For what no single key is to blame for.
    func fault(_ message: String) -> ServiceError { Self.refusal(file, line, path + message) }

    private static func refusal(_ file: String, _ line: Int?, _ message: String) -> ServiceError {
        ServiceError(.table, "\(file)\(line.map { ":\($0)" } ?? ""): \(message)")
    }
}
