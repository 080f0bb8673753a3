import Foundation
import Terminal
import Testing

@testable import TerminalAPI

@Suite("Nothing of the protocol is forgotten: docs/protocol/coverage.md")
struct CoverageTests {
    private static let root = #filePath.components(separatedBy: "/Tests/")[0]

    @Test("every field, every result, every context, type and parameter has its test")
    func complete() {
        #expect(Coverage.cells.count > 500)
        for cell in Coverage.cells { #expect(cell.test != nil, "\(cell.section): \(cell.name)") }
    }

    @Test("a row without a test says so")
    func visible() {
        let field = Field("new", .object([Field("inner", .flag, "")]), "")
        #expect(Coverage.fields([field], [:]).map(\.0) == ["new", "new.inner"] && Coverage.fields([field], [:]).allSatisfy { $0.1 == nil })
        #expect(Coverage.fields([field], ["new": "t"]).allSatisfy { $0.1 == "t" })
        #expect(!Coverage.markdown.contains("| \(Coverage.missing) |"))
    }

    @Test("every test named is a test")
    func exist() throws {
        let found = try Self.tests()
        #expect(found.count > 1000)
        for name in Set(Coverage.cells.compactMap(\.test) + Coverage.common) { #expect(found.contains(name), "\(name)") }
    }

    @Test("nothing is said of an operation, a field or a result that is none")
    func nothingElse() {
        for (said, fields) in [(Coverage.requests, \OperationDefinition.request), (Coverage.answers, \.response)] {
            for (name, tests) in said {
                let definition = OperationDefinition.byName[name]
                let known = definition.map { Set(Coverage.fields($0[keyPath: fields], [:]).map(\.0)) } ?? []
                #expect(known.isSuperset(of: tests.keys), "\(name): \(Set(tests.keys).subtracting(known))")
            }
        }
        #expect(Set(Coverage.parameterEffects.keys) == Set(ParameterDefinition.all.map(\.key)))
    }

    @Test("every result code of the contract is some operation's; 60 is of Status only")
    func everyCode() {
        let answered = Set(OperationDefinition.all.flatMap(\.allResults))
        #expect(Set(ResultCode.allCases).subtracting(answered) == [.inProgress])
    }

    @Test("the page is what the table says; COUNTERTOP_WRITE=1 writes it")
    func page() throws {
        let path = Self.root + "/docs/protocol/coverage.md"
        if ProcessInfo.processInfo.environment["COUNTERTOP_WRITE"] == "1" {
            try Coverage.markdown.write(toFile: path, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == Coverage.markdown)
    }

    /// Names of all tests, Swift's and Python's, as they stand in the sources.
    private static func tests() throws -> Set<String> {
        var names: Set<String> = []
        for path in FileManager.default.enumerator(atPath: root + "/Tests")?.compactMap({ $0 as? String }) ?? [] {
            guard path.hasSuffix(".swift") || path.hasSuffix(".py") else { continue }
            let source = try String(contentsOfFile: root + "/Tests/" + path, encoding: .utf8)
            if path.hasSuffix(".py") {
                for match in source.matches(of: /(?:^|\n)def (test_\w+)\(/) { names.insert(String(match.1)) }
            } else {
                for match in source.matches(of: /@Test\(\s*"([^"\n]+)"/) { names.insert(String(match.1)) }
            }
        }
        return names
    }
}
