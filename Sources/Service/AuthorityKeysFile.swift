import EMV
import Yams

/// The file of authority keys (`emv.authorityKeys`).
enum AuthorityKeysFile {
    /// There are no built-in ones: production keys come from the acquirer.
    static func read(_ file: String?) throws(ServiceError) -> CertificationAuthorityKeys {
        guard let file else { return .none }
        let text = try TerminalFiles.text(file)
        do { return try YAMLDecoder().decode(CertificationAuthorityKeys.self, from: text) } catch {
            throw ServiceError(.table, "\(file) is not a table as documented: \(explanation(error))")
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
