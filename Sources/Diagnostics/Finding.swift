import JSON

/// One thing that was looked at, and how it is.
public struct Finding: Sendable, Hashable, Codable {
    public enum Severity: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
        case fine, warning, fault

        public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// Stable name of the check, for programs.
    public var check: String
    public var severity: Severity
    /// What is so, for people; never card data.
    public var message: String
    /// What to do; there whenever it is not fine.
    public var remedy: String?

    private init(_ check: String, _ severity: Severity, _ message: String, _ remedy: String?) {
        self.check = check
        self.severity = severity
        self.message = message
        self.remedy = remedy
    }

    public static func fine(_ check: String, _ message: String) -> Finding { Finding(check, .fine, message, nil) }
    public static func warning(_ check: String, _ message: String, do remedy: String) -> Finding {
        Finding(check, .warning, message, remedy)
    }
    public static func fault(_ check: String, _ message: String, do remedy: String) -> Finding { Finding(check, .fault, message, remedy) }

    var json: JSONValue {
        var object = JSONObject()
        object.append("check", check)
        object.append("severity", severity.rawValue)
        object.append("message", message)
        object.append("remedy", remedy)
        return .object(object)
    }
}
