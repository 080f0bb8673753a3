import Terminal

@testable import TerminalAPI

/// The matrix cell by cell, and the page of it.
extension Coverage {
    /// What is to be shown, and by which test.
    struct Cell {
        var section: String
        var name: String
        var test: String?
    }

    /// What stands in the page where a test is missing.
    static let missing = "**none**"

    static func requestCells(_ operation: OperationDefinition) -> [Cell] {
        fields(operation.request, requests[operation.name] ?? [:]).map { Cell(section: operation.name, name: "`\($0.0)`", test: $0.1) }
    }

    static func answerCells(_ operation: OperationDefinition) -> [Cell] {
        fields(operation.response, answers[operation.name] ?? [:]).map { Cell(section: operation.name, name: "`\($0.0)`", test: $0.1) }
    }

    static func resultCells(_ operation: OperationDefinition) -> [Cell] {
        operation.allResults.map { Cell(section: operation.name, name: "\($0.rawValue)", test: test(operation, $0)) }
    }

    private static var headCells: [Cell] {
        OperationDefinition.responseHead.map { Cell(section: "Every answer", name: "`\($0.name)`", test: heads[$0.name]) }
    }

    private static var messageCells: [Cell] {
        messages.flatMap { message in
            fields(message.fields, message.tests).map { Cell(section: message.name, name: "`\($0.0)`", test: $0.1) }
        }
    }

    private static var contextCells: [Cell] {
        StatusContext.allCases.map { Cell(section: "Status", name: "`\($0.rawValue)`", test: contexts[$0]) }
    }

    private static var errorCells: [Cell] {
        errors.sorted { $0.key.rawValue < $1.key.rawValue }.map { Cell(section: "Error", name: "\($0.key.rawValue)", test: $0.value) }
    }

    private static var typeCells: [Cell] {
        TransactionType.allCases.map { Cell(section: "Types of a Transaction", name: "`\($0.rawValue)`", test: types[$0]) }
    }

    private static var parameterCells: [Cell] {
        ParameterDefinition.all.map { Cell(section: "Parameters", name: "`\($0.key)`", test: parameterEffects[$0.key]) }
    }

    static var cells: [Cell] {
        OperationDefinition.all.flatMap { requestCells($0) + answerCells($0) + resultCells($0) } + headCells + messageCells + contextCells
            + errorCells + typeCells + parameterCells
    }

    /// Tests of the page that belong to no single cell.
    static let common = [malformed, examples, live, parameterKind, parameterRefused, parameterKept]

    static var markdown: String {
        var lines = [
            "# What is tested", "",
            "Operation × field × result → test, written from `Tests/TerminalAPI/Schema/Coverage*.swift` and from the tables of the protocol, so that",
            "a new field or result has a row here before it has a test: it says \(missing), and a test fails. Another fails when a test named here",
            "does not exist. A field inside another (`outer.inner`) has its own test or the outer one's.", "",
            "Besides the tests of the rows: of every field of every request, \"\(malformed)\"; of every operation, \"\(examples)\", and of the",
            "running program's answer to it, all its fields and its result, `\(live)`.", "",
        ]
        for operation in OperationDefinition.all {
            lines += ["## \(operation.name)", ""]
            lines += table("request", requestCells(operation)) + table("answer", answerCells(operation))
            lines += table("result", resultCells(operation))
        }
        lines += ["## Every answer", ""] + table("field", headCells)
        lines +=
            ["## Status and Event", ""]
            + table("field", messageCells.map { Cell(section: "", name: "\($0.section) \($0.name)", test: $0.test) })
        lines += table("context", contextCells)
        lines += ["## Error", ""] + table("result", errorCells)
        lines += ["## Types of a Transaction", ""] + table("type", typeCells)
        lines += [
            "## Parameters", "", "Of every key: \"\(parameterKind)\", \"\(parameterRefused)\", \"\(parameterKept)\".", "",
        ]
        lines += table("key", parameterCells)
        lines += ["## Where each result can come", "", "| result | operations |", "|---|---|"]
        for result in ResultCode.allCases {
            let names = OperationDefinition.all.filter { $0.allResults.contains(result) }.map(\.name)
            lines.append("| \(result.rawValue) | \(result == .inProgress ? "Status" : names.joined(separator: " ")) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func table(_ head: String, _ cells: [Cell]) -> [String] {
        guard !cells.isEmpty else { return [] }
        return ["| \(head) | test |", "|---|---|"] + cells.map { "| \($0.name) | \($0.test.map(shown) ?? missing) |" } + [""]
    }

    private static func shown(_ test: String) -> String { test.hasPrefix("test_") ? "`\(test)`" : test }
}
