import JSON

/// What a run of the conformance kit found.
public struct CertificationReport: Sendable {
    public let verdicts: [(point: CertificationPoint, verdict: CertificationVerdict)]

    public init(_ certification: Certification) {
        verdicts = CertificationPoint.allCases.map { ($0, certification.verdicts[$0] ?? .notSeen) }
    }

    public var failed: [CertificationPoint] { verdicts.filter { if case .failed = $0.verdict { true } else { false } }.map(\.point) }
    public var notSeen: [CertificationPoint] { verdicts.filter { $0.verdict == .notSeen }.map(\.point) }

    /// 0: every point passed; 1: at least one failed; 2: none failed, but not all were seen.
    public var exitCode: Int32 { !failed.isEmpty ? 1 : notSeen.isEmpty ? 0 : 2 }

    public var text: String {
        var lines = verdicts.map { point, verdict in
            switch verdict {
            case .passed: "✓ \(point.rawValue)\n    \(point.rule)"
            case .failed(let what): "✗ \(point.rawValue)\n    \(point.rule)\n    This POS \(what)."
            case .notSeen: "? \(point.rawValue)\n    \(point.rule)\n    \(point.unseen)"
            }
        }
        let passed = verdicts.count - failed.count - notSeen.count
        lines.append("\(passed) of \(verdicts.count) points passed, \(failed.count) failed, \(notSeen.count) not seen.")
        return lines.joined(separator: "\n")
    }

    public var json: JSONValue {
        [
            "certified": .bool(exitCode == 0),
            "points": .array(
                verdicts.map { point, verdict in
                    var entry = JSONObject()
                    entry.append("point", .string(point.rawValue))
                    entry.append("rule", .string(point.rule))
                    switch verdict {
                    case .passed: entry.append("verdict", .string("passed"))
                    case .failed(let what):
                        entry.append("verdict", .string("failed"))
                        entry.append("finding", .string(what))
                    case .notSeen:
                        entry.append("verdict", .string("notSeen"))
                        entry.append("finding", .string(point.unseen))
                    }
                    return .object(entry)
                }),
        ]
    }
}
