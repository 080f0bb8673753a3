import Foundation
import ISO8583
import Keys
import PaymentHost
import Testing

@testable import Service

@Suite("The MAC key that the host has sent, on disk")
struct HostKeyFileTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("host-key-\(UUID().uuidString)").path
    private static func key(_ byte: UInt8) -> SecretBytes { SecretBytes([UInt8](repeating: byte, count: 16)) }

    private func file(initial: UInt8 = 1, protection: UInt8 = 9) throws -> HostKeyFile {
        HostKeyFile(path: path, initial: Self.key(initial), protection: Self.key(protection), dialect: try .named("iso8583-1993"))
    }

    private func block(_ key: UInt8) throws -> String {
        let header = try #require(DialectMapping.keyBlockHeader(.named("iso8583-1993")))
        return try KeyBlock(header: header, key: Self.key(key)).text(protection: Self.key(9), padding: [UInt8](repeating: 0, count: 16))
    }

    @Test("The operator's key until the host has sent one; then the host's, enciphered in the file and closed to others")
    func stored() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try file().key() == Self.key(1))
        try file().store(block(0xAB))
        #expect(try file().key() == Self.key(0xAB))
        try file().store(block(0xCD))
        #expect(try file().key() == Self.key(0xCD))
        let content = try #require(FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) })
        #expect(!content.contains("CDCDCDCD"))
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("Another key from the operator makes it void")
    func replaced() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try file().store(block(0xAB))
        #expect(try file(initial: 2).key() == Self.key(2))
    }

    @Test("A damaged file, or another key encryption key, stops the start: under a wrong key nothing would be understood")
    func unusable() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try file().store(block(0xAB))
        #expect(throws: ServiceError.self) { try file(protection: 8).key() }
        let content = try #require(FileManager.default.contents(atPath: path))
        try PrivateFile.replace(path, Array(content.prefix(40)))
        #expect(throws: ServiceError.self) { try file().key() }
        try PrivateFile.replace(path, Array("x".utf8))
        #expect(throws: ServiceError.self) { try file().key() }
    }
}
