import EMV
import Terminal
import Yams

/// The table files: built in, or from where the configuration says.
enum Tables {
    static func brands(file: String?) throws(ServiceError) -> CardBrandTable {
        try decode(file: file, builtIn: PackageResources.brands_yaml, name: "brands.yaml")
    }

    static func applications(file: String?) throws(ServiceError) -> ApplicationTable {
        try decode(file: file, builtIn: PackageResources.applications_yaml, name: "applications.yaml")
    }

    /// There are no built-in ones: production keys come from the acquirer.
    static func authorities(file: String?) throws(ServiceError) -> CertificationAuthorityKeys {
        guard let file else { return .none }
        return try decode(file: file, builtIn: [], name: file)
    }

    private static func decode<Table: Decodable>(file: String?, builtIn: [UInt8], name: String) throws(ServiceError) -> Table {
        let text: String
        if let file { text = try TerminalFiles.text(file) } else { text = String(decoding: builtIn, as: UTF8.self) }
        do { return try YAMLDecoder().decode(Table.self, from: text) } catch {
            throw ServiceError(.table, "\(file ?? name) is not a table as documented: \(explanation(error))")
        }
    }

    private static func explanation(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        switch error {
        case .keyNotFound(let key, let context): return "\(path(context)) lacks \(key.stringValue)."
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            return "\(path(context)): \(context.debugDescription)"
        @unknown default: return "it cannot be read."
        }
    }

    private static func path(_ context: DecodingError.Context) -> String {
        context.codingPath.isEmpty
            ? "the file" : context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
}

/// What the program knows without any configuration.
public enum BuiltInTables {
    public static func applications() throws(ServiceError) -> [ApplicationConfiguration] {
        try Tables.applications(file: nil).applications
    }
}

/// `applications.yaml`: the terminal's applications and what is said of the terminal itself.
struct ApplicationTable: Decodable, Sendable {
    var applications: [ApplicationConfiguration]
}
