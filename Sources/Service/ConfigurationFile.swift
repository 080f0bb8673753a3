import Yams

/// The configuration file, checked against the schema: every value by its key's path, with the line it stands on.
struct ConfigurationFile {
    struct Entry {
        var texts: [String]
        var line: Int?
    }

    let file: String
    private(set) var entries: [String: Entry] = [:]

    /// Reads and checks the whole file. The first fault is thrown, with its line.
    init(yaml: String, file: String) throws(ConfigurationError) {
        self.file = file
        let root: Node?
        do { root = try Yams.compose(yaml: yaml) } catch {
            throw ConfigurationError(.notYAML, file: file, line: Self.line(of: error), "This is not YAML: \(Self.problem(of: error))")
        }
        if let root, root.null == nil { try read(root, path: "") }
        for key in ConfigurationSchema.keys where entries[key.path] == nil {
            switch key.presence {
            case .required:
                throw ConfigurationError(.missingKey, file: file, "\(key.path) is missing. \(key.meaning) Allowed: \(key.kind.allowed).")
            case .optional: continue
            case .standard(let text):
                if case .list = key.kind {
                    entries[key.path] = Entry(texts: text.split(separator: " ").map(String.init), line: nil)
                } else {
                    entries[key.path] = Entry(texts: [text], line: nil)
                }
            }
        }
    }

    private mutating func read(_ node: Node, path: String) throws(ConfigurationError) {
        let line = node.mark?.line
        if let key = ConfigurationSchema.keys.first(where: { $0.path == path }) {
            entries[path] = Entry(texts: try texts(node, key), line: line)
            return
        }
        let below = path.isEmpty ? "" : path + "."
        let allowed = Self.names(below: below)
        guard case .mapping(let mapping) = node else {
            throw ConfigurationError(
                .badValue, file: file, line: line,
                "\(path.isEmpty ? "The file" : path) holds keys, not a value. Allowed: \(allowed.joined(separator: ", ")).")
        }
        for (name, value) in mapping {
            guard case .scalar(let scalar) = name, allowed.contains(scalar.string) else {
                let shown = name.string ?? "This"
                throw ConfigurationError(
                    .unknownKey, file: file, line: name.mark?.line,
                    "\(below)\(shown) is not a key. Allowed\(path.isEmpty ? "" : " in \(path)"): \(allowed.joined(separator: ", ")).")
            }
            try read(value, path: below + scalar.string)
        }
    }

    private func texts(_ node: Node, _ key: ConfigurationKey) throws(ConfigurationError) -> [String] {
        func refuse(_ line: Int?) -> ConfigurationError {
            ConfigurationError(.badValue, file: file, line: line, "\(key.path): the value does not fit. Allowed: \(key.kind.allowed).")
        }
        if case .list(let element) = key.kind {
            guard case .sequence(let nodes) = node else { throw refuse(node.mark?.line) }
            var texts: [String] = []
            for item in nodes {
                guard case .scalar(let scalar) = item, element.accepts(scalar.string) else { throw refuse(item.mark?.line) }
                texts.append(scalar.string)
            }
            return texts
        }
        guard case .scalar(let scalar) = node, key.kind.accepts(scalar.string) else { throw refuse(node.mark?.line) }
        return [scalar.string]
    }

    /// The next part of every key below `prefix`, in the schema's order.
    private static func names(below prefix: String) -> [String] {
        var names: [String] = []
        for key in ConfigurationSchema.keys where key.path.hasPrefix(prefix) {
            let name = String(key.path.dropFirst(prefix.count).prefix { $0 != "." })
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    private static func line(of error: any Error) -> Int? {
        switch error as? YamlError {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        case .duplicatedKeysInMapping(_, let context): context.mark.line
        default: nil
        }
    }

    private static func problem(of error: any Error) -> String {
        switch error as? YamlError {
        case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _): problem
        case .duplicatedKeysInMapping: "a key stands twice."
        default: "it cannot be read."
        }
    }
}
