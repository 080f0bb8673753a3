import Foundation
import JSON
import Testing

@testable import TerminalAPI

@Suite("docs/protocol is written from the tables")
struct ProtocolDocumentsTests {
    private static let folder = #filePath.components(separatedBy: "/Tests/")[0] + "/docs/protocol"

    @Test("every document is what `countertop-lab protocol` writes", arguments: ProtocolDocuments.files.map(\.path))
    func upToDate(_ path: String) throws {
        let expected = try #require(ProtocolDocuments.files.first(where: { $0.path == path })).content
        let found = try String(contentsOfFile: Self.folder + "/" + path, encoding: .utf8)
        #expect(found == expected, "run: countertop-lab protocol")
    }

    @Test("no page is left of an operation that is gone")
    func nothingElse() throws {
        let found = Set(try FileManager.default.contentsOfDirectory(atPath: Self.folder + "/operations").map { "operations/" + $0 })
        #expect(found == Set(ProtocolDocuments.files.map(\.path).filter { $0.hasPrefix("operations/") }))
    }

    @Test("every reference of the schema and of the AsyncAPI file leads somewhere")
    func references() {
        let definitions = Set(ProtocolDocuments.schema["$defs"]?.object?.members.map(\.name) ?? [])
        #expect(definitions.count == 2 * OperationDefinition.all.count + 3)
        func references(_ value: JSONValue) -> [String] {
            switch value {
            case .object(let object):
                object.members.flatMap { $0.name == "$ref" ? [$0.value.string ?? ""] : references($0.value) }
            case .array(let elements): elements.flatMap(references)
            default: []
            }
        }
        for reference in references(ProtocolDocuments.schema) {
            #expect(definitions.contains(String(reference.dropFirst("#/$defs/".count))))
        }
        let asyncAPI = ProtocolDocuments.asyncAPI
        for reference in references(asyncAPI) {
            if reference.hasPrefix("schema.json#/$defs/") {
                #expect(definitions.contains(String(reference.dropFirst("schema.json#/$defs/".count))), "\(reference)")
            } else {
                var value: JSONValue? = asyncAPI
                for part in reference.dropFirst(2).split(separator: "/") { value = value?[String(part)] }
                #expect(value != nil, "\(reference)")
            }
        }
    }
}
