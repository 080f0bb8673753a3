import JSON
import Keys
import Logging
import Synchronization

/// The parameters of one terminal: known keys with their standards, and whatever else a POS has stored. Persisted as `parameters.json`.
public final class TerminalParameters: Sendable {
    public struct Setting: Sendable, Hashable {
        public var key: String
        public var value: String

        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    /// Why nothing was set.
    public enum Refusal: Error, Sendable, Hashable {
        /// A known key with a value that is not of its kind.
        case badValue(key: String, rule: String)
        /// A security parameter, from a peer without the right.
        case notAllowed(key: String)
        /// More keys that nobody knows than are kept.
        case tooMany
        case notStored(KeysError)
    }

    /// Unknown keys that are kept.
    static let unknownLimit = 256
    /// Bytes of an unknown key's value.
    public static let valueLimit = 256

    private let path: String?
    /// Standards that the configuration file sets.
    private let standards: [String: String]
    private let stored: Mutex<[String: String]>

    /// - Parameters:
    ///   - path: the file; `nil` for parameters that live in memory only.
    ///   - standards: values of the configuration file, by key; they hold until a POS sets another.
    /// - Throws: when the file is there and cannot be read. A value in it that is no longer of its kind is passed over.
    public init(path: String?, standards: [String: String] = [:]) throws(KeysError) {
        self.path = path
        self.standards = standards
        var stored: [String: String] = [:]
        if let path, let bytes = try PrivateFile.read(path) {
            guard let object = (try? JSONValue(parsing: bytes))?.object else {
                throw KeysError(
                    .fileContent, "\(path) holds no parameters.", remedy: "Move it away: the parameters start from their standards.")
            }
            for member in object.members {
                guard let value = member.value.string else { continue }
                if let known = ParameterDefinition.byKey[member.name], known.normalised(value) == nil { continue }
                stored[member.name] = value
            }
        }
        self.stored = Mutex(stored)
    }

    /// The value of a known key, or what a POS has stored under an unknown one.
    public subscript(key: String) -> String? {
        stored.withLock { $0[key] } ?? standards[key] ?? ParameterDefinition.byKey[key]?.standard
    }

    public func number(_ key: String) -> Int64 { self[key].flatMap { Int64($0) } ?? 0 }
    public func flag(_ key: String) -> Bool { self[key] == "1" }
    /// Of a time of day; `nil` for never.
    func minuteOfDay(_ key: String) -> Int? { self[key].flatMap { Int($0) }.map { $0 / 100 * 60 + $0 % 100 } }
    /// In hundredths of a percent.
    public func hundredths(_ key: String) -> Int { self[key].flatMap { ParameterDefinition.hundredths($0) } ?? 0 }
    /// What a POS chose as `LANG`; `nil` while none has.
    public var language: Language? { stored.withLock { $0["LANG"] }.flatMap { Language(parameter: $0) } }
    /// English in the variety of `ENGVAR`, any other language as it is.
    public func variety(of language: Language) -> Language { language == .english && flag("ENGVAR") ? .britishEnglish : language }

    /// All known keys in the table's order, then the unknown ones that are stored.
    public var all: [Setting] {
        let unknown = stored.withLock { $0.keys.filter { ParameterDefinition.byKey[$0] == nil } }.sorted()
        return (ParameterDefinition.all.map(\.key) + unknown).map { Setting(key: $0, value: self[$0] ?? "") }
    }

    /// Sets all or none.
    /// - Returns: the keys that nobody knows; they are stored all the same.
    public func set(_ settings: [Setting], mayChangeSecurity: Bool) throws(Refusal) -> [String] {
        var changes: [String: String] = [:]
        var unknown: [String] = []
        for setting in settings {
            guard let definition = ParameterDefinition.byKey[setting.key] else {
                unknown.append(setting.key)
                changes[setting.key] = setting.value
                continue
            }
            guard let value = definition.normalised(setting.value) else { throw .badValue(key: setting.key, rule: definition.rule) }
            guard mayChangeSecurity || !definition.isSecurity else { throw .notAllowed(key: setting.key) }
            changes[setting.key] = value
        }
        let failure = stored.withLock { stored -> Refusal? in
            let merged = stored.merging(changes) { $1 }
            guard merged.keys.count(where: { ParameterDefinition.byKey[$0] == nil }) <= Self.unknownLimit else { return .tooMany }
            do throws(KeysError) {
                if let path { try Self.write(merged, to: path) }
            } catch {
                return .notStored(error)
            }
            stored = merged
            return nil
        }
        if let failure { throw failure }
        return unknown
    }

    private static func write(_ values: [String: String], to path: String) throws(KeysError) {
        var object = JSONObject()
        for (key, value) in values.sorted(by: { $0.key < $1.key }) { object.append(key, .string(value)) }
        try PrivateFile.replace(path, Array((JSONValue.object(object).prettyText + "\n").utf8))
    }
}
