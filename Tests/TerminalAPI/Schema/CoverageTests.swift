import Foundation
import Testing

@testable import TerminalAPI

@Suite("Nothing of the protocol is forgotten: docs/protocol/coverage.md")
struct CoverageTests {
    private static let root = #filePath.components(separatedBy: "/Tests/")[0]

    @Test("every result of every operation has its test")
    func complete() {
        for operation in OperationDefinition.all {
            for result in operation.allResults { #expect(Coverage.test(operation, result) != nil, "\(operation.name) \(result.rawValue)") }
        }
    }

    @Test("every test named exists")
    func exist() throws {
        let paths = FileManager.default.enumerator(atPath: Self.root + "/Tests")?.compactMap { $0 as? String } ?? []
        var sources = ""
        for path in paths where (path.hasSuffix(".swift") || path.hasSuffix(".py")) && !path.hasSuffix("Coverage.swift") {
            sources += try String(contentsOfFile: Self.root + "/Tests/" + path, encoding: .utf8)
        }
        for name in Coverage.names { #expect(sources.contains("\"\(name)\"") || sources.contains("def \(name)("), "\(name)") }
    }

    @Test("the page is what the table says; COUNTERTOP_WRITE=1 writes it")
    func page() throws {
        let path = Self.root + "/docs/protocol/coverage.md"
        if ProcessInfo.processInfo.environment["COUNTERTOP_WRITE"] == "1" {
            try Coverage.markdown.write(toFile: path, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == Coverage.markdown)
    }
}
