import Hex
import Keys
import Terminal

/// The exception file (`emv.exceptions`).
public enum ExceptionFile {
    static func read(_ file: String?) throws(ServiceError) -> CardExceptions {
        guard let file else { return CardExceptions() }
        switch CardExceptions.parse(try TerminalFiles.text(file)) {
        case .success(let exceptions): return exceptions
        case .failure(let line):
            throw ServiceError(.table, "\(file):\(line.number): this is no entry. Allowed: \(CardExceptions.allowed).")
        }
    }

    /// The line for this card: its hash under the terminal's site key. `nil` when the text is no card number.
    public static func entry(for text: String, configuration: Configuration) throws(ServiceError) -> String? {
        guard let pan = PAN(text.filter { !$0.isWhitespace }) else { return nil }
        let files = try TerminalFiles(directory: configuration.dataDirectory)
        do throws(KeysError) { return try SiteKeys.open(path: files.siteKey).cardHash(of: pan).bytes.hex } catch {
            throw ServiceError(.keys, "The site key cannot be used: \(error)", remedy: error.remedy)
        }
    }
}
