import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Holds the part of a page that is written from a table to that table; `COUNTERTOP_WRITE=1` writes it.
func expectPage(_ name: String, contains written: String) throws {
    let path = #filePath.components(separatedBy: "/Tests/")[0] + "/docs/" + name
    let page = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
    let end = "<!-- end -->"
    let begin = try #require(page.range(of: "<!-- written from the schema"))
    let start = try #require(page[begin.upperBound...].range(of: "-->\n")).upperBound
    let stop = try #require(page[start...].range(of: end)).lowerBound
    guard ProcessInfo.processInfo.environment["COUNTERTOP_WRITE"] == nil else {
        try Data((page[..<start] + "\n" + written + "\n" + page[stop...]).utf8).write(to: URL(filePath: path), options: .atomic)
        return
    }
    #expect(page[start..<stop] == "\n" + written + "\n", "docs/\(name) differs from its table; COUNTERTOP_WRITE=1 writes it")
}
