import EMV
import Hex
import Logging
import Testing

@testable import Service

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("The file of data objects")
struct DataObjectsFileTests {
    private func reading(_ text: String) throws -> Result<DataObjectTable, ServiceError> {
        let file = FileManager.default.temporaryDirectory.appending(path: "objects-\(UUID().uuidString).yaml").path
        try Data(text.utf8).write(to: URL(filePath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        do throws(ServiceError) { return .success(try DataObjectsFile.read(file)) } catch { return .failure(error) }
    }

    @Test("without a file the built-in table counts; a file changes what it says")
    func read() throws {
        #expect(try DataObjectsFile.read(nil) == .standard)
        #expect(try reading(#"final: ["9B"]"#).get().final == [0x9B])
    }

    @Test("a fault stops the start, with file and line")
    func fault() throws {
        guard case .failure(let error) = try reading("# ours\nfinal: [\"5A\"]") else {
            Issue.record("the file was taken")
            return
        }
        #expect(error.code == .table && error.message.contains(".yaml:2: final: "))
        #expect(throws: ServiceError.self) { try DataObjectsFile.read("/nowhere/objects.yaml") }
    }

    @Test("default DDOL and TDOL are what the kernel is told of the terminal")
    func terminalData() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "objects-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let assembly = Assembly(
            configuration: try Configuration(yaml: ConfigurationTests.least, file: "/c.yaml"), files: try TerminalFiles(directory: folder),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let data = assembly.terminalData(
            authenticatesData: false, try reading("defaultDDOL: \"9F37049F0206\"\ndefaultTDOL: \"9F02069A03\"").get())
        #expect(data.defaultDDOL.hex == "9F37049F0206" && data.defaultTDOL.hex == "9F02069A03")
        #expect(assembly.terminalData(authenticatesData: false, .standard).defaultDDOL.hex == "9F3704")
    }

    @Test("docs/emv.md says what the schema says")
    func documentation() throws {
        try expectPage("emv.md", contains: DataObjectTable.markdown)
    }

    @Test("the example of docs/emv.md is taken as it stands there")
    func example() throws {
        let path = #filePath.components(separatedBy: "/Tests/")[0] + "/docs/emv.md"
        let page = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
        let parts = page.components(separatedBy: "```yaml\n")
        try #require(parts.count == 2)
        let table = try reading(parts[1].components(separatedBy: "```")[0]).get()
        #expect(table.receipt.map(\.tag) == [0x84, 0x9F26, 0x95, 0x9B] && !table.defaultTDOL.isEmpty)
    }
}
