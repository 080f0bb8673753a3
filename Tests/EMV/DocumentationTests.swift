import FoundationEssentials
import Testing

/// docs/emv.md says what proves each rule; here it is held to that.
@Suite("docs/emv.md")
struct DocumentationTests {
    private let root = #filePath.components(separatedBy: "/Tests/")[0]

    /// The proofs of the table, each between backquotes in the last column.
    private func rows() throws -> [(rule: String, proofs: [String])] {
        let page = String(decoding: try #require(FileManager.default.contents(atPath: root + "/docs/emv.md")), as: UTF8.self)
        return page.split(separator: "\n").filter { $0.hasPrefix("| ") && $0.contains("`") }.compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: true)
            guard cells.count == 3 else { return nil }
            let proofs = cells[2].split(separator: "`").map(String.init).filter { $0.contains(".") && !$0.contains(" ") }
            return (String(cells[0]), proofs)
        }
    }

    /// Every file below Tests, by its name.
    private func sources() throws -> [String: String] {
        var sources: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: root + "/Tests")
        where path.hasSuffix(".swift") || path.hasSuffix(".py") {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            sources[name, default: ""] += String(
                decoding: FileManager.default.contents(atPath: root + "/Tests/" + path) ?? Data(), as: UTF8.self)
        }
        return sources
    }

    @Test("every rule has a proof, and every test named there exists")
    func proofs() throws {
        let (rows, sources) = (try rows(), try sources())
        #expect(rows.count > 40)
        for (rule, proofs) in rows {
            #expect(!proofs.isEmpty, "\(rule)")
            for proof in proofs {
                if proof.contains("::") {
                    let parts = proof.components(separatedBy: "::")
                    #expect(sources[parts[0]]?.contains("def \(parts[1])(") == true, "\(proof)")
                } else {
                    let parts = proof.components(separatedBy: ".")
                    let source = sources[parts[0] + ".swift"]
                    #expect(source?.contains("struct \(parts[0])") == true && source?.contains("func \(parts[1])(") == true, "\(proof)")
                }
            }
        }
    }

    @Test("no suite of the kernel is left out of the table")
    func suites() throws {
        let named = Set(try rows().flatMap(\.proofs).compactMap { $0.components(separatedBy: ".").first })
        let suites = try FileManager.default.contentsOfDirectory(atPath: root + "/Tests/EMV").filter { $0.hasSuffix("Tests.swift") }
            .map { String($0.dropLast(6)) }
        // What the decoder says, and this suite, are no rules of the kernel.
        let others: Set = ["DocumentationTests", "EMVDecoderTests", "EMVDecoderGuessTests"]
        #expect(Set(suites).subtracting(others).subtracting(named) == [])
    }
}
