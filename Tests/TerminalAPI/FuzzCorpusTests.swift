import FuzzTargets
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the fuzzers (`make fuzz`) have found worth keeping: every input that once reached something new.
@Suite("Fuzzers' corpus")
struct FuzzCorpusTests {
    private static let corpus = #filePath.replacing("TerminalAPI/FuzzCorpusTests.swift", with: "Fuzz/Corpus")

    private func inputs(_ name: String) throws -> [[UInt8]] {
        let folder = "\(Self.corpus)/\(name)"
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            [UInt8](try #require(FileManager.default.contents(atPath: "\(folder)/\($0)")))
        }
    }

    @Test("every message of the corpus is decoded the same way twice, and its answer is JSON that repeats nothing")
    func decoder() throws {
        let inputs = try inputs("Decoder")
        #expect(inputs.count > 50)
        for input in inputs {
            input.withUnsafeBufferPointer { runDecoder($0) }
            // Cut anywhere it is still a message like any other.
            for end in stride(from: 0, to: input.count, by: 7) { input[..<end].withUnsafeBufferPointer { runDecoder($0) } }
        }
    }

    @Test("every sequence of events of the corpus keeps the desk's invariants")
    func session() throws {
        let inputs = try inputs("Session")
        #expect(inputs.count > 50)
        for input in inputs { input.withUnsafeBufferPointer { runSession($0) } }
    }
}
