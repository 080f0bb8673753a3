import EMV
import Hex
import Keys
import Testing

@testable import Service

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("The file of authority keys")
struct AuthorityKeysFileTests {
    private static let rid = "A000000003"
    private static let modulus = "C7" + String(repeating: "5A", count: 62) + "01"

    private static func checksum(_ index: String) throws -> String {
        try Digest.sha1([UInt8](hex: rid + index + modulus + "03") ?? []).hex
    }

    /// Two keys and a revoked certificate; the second key begins in line 7.
    private static func whole() throws -> String {
        """
        keys:
          - rid: "\(rid)"
            index: "01"
            modulus: "\(modulus)"
            exponent: "03"
            checksum: "\(try checksum("01"))"
          - rid: "\(rid)"
            index: "02"
            modulus: "\(modulus)"
            exponent: "03"
            checksum: "\(try checksum("02"))"
            expiry: "301231"
        revoked:
          - {rid: "\(rid)", index: "01", serial: "00000A"}
        """
    }

    private func reading(_ text: String) throws -> Result<CertificationAuthorityKeys, ServiceError> {
        let file = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString).yaml").path
        try Data(text.utf8).write(to: URL(filePath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        do throws(ServiceError) { return .success(try AuthorityKeysFile.read(file)) } catch { return .failure(error) }
    }

    @Test("keys and revoked certificates are read, from YAML and from the JSON that the laboratory writes; without a file there are none")
    func read() throws {
        let table = try reading(try Self.whole()).get()
        #expect(table.keys.map(\.index) == [1, 2] && table.revoked.map(\.serial.hex) == ["00000A"])
        #expect(table.keys.map { $0.expiry?.numeric.hex } == [nil, "301231"])
        let json = String(decoding: try JSONEncoder().encode(table), as: UTF8.self)
        #expect(try reading(json).get() == table)
        #expect(try AuthorityKeysFile.read(nil) == .none)
        #expect(try reading("{}").get() == .none)
    }

    @Test(
        "a fault is named with its line, its key and what is allowed",
        arguments: [
            ("expiry: \"301231\"", "expiry: \"301331\"", 7, "keys.expiry", "a date as YYMMDD"),
            ("expiry: \"301231\"", "expires: \"301231\"", 12, "keys.expires", "rid, index, modulus, exponent, checksum, expiry"),
            ("index: \"02\"", "index: \"01\"", 7, "keys.index", "an index that no other key of this RID has"),
            ("index: \"02\"", "index: \"03\"", 7, "keys.checksum", "the SHA-1 of RID, index, modulus and exponent"),
            ("index: \"02\"", "index: \"2\"", 8, "keys.index", "2 hexadecimal digits"),
            ("serial: \"00000A\"", "serial: \"0A\"", 14, "revoked.serial", "6 hexadecimal digits"),
            ("revoked:\n", "revoked: none\nother:\n", 13, "revoked", "a list of entries with the keys rid, index, serial"),
        ])
    func faults(right: String, wrong: String, line: Int, key: String, allowed: String) throws {
        let text = try Self.whole()
        let changed = text.split(separator: right, omittingEmptySubsequences: false).joined(separator: wrong)
        try #require(changed != text)
        guard case .failure(let error) = try reading(changed) else { return #expect(Bool(false), "the file was taken") }
        #expect(error.code == .table)
        #expect(error.message.contains(".yaml:\(line): \(key)"), "\(error.message)")
        #expect(error.message.contains("Allowed: ") && error.message.contains(allowed), "\(error.message)")
    }

    @Test("keys whose last day is past are named at the start; one without a last day never is")
    func expired() throws {
        let table = try reading(try Self.whole()).get()
        #expect(AuthorityKeysFile.remark(table, on: KernelDate(year: 2030, month: 12, day: 31)) == nil)
        let remark = AuthorityKeysFile.remark(table, on: KernelDate(year: 2031, month: 1, day: 1))
        #expect(remark?.contains("A000000003 02.") == true && remark?.contains("A000000003 01") == false)
    }

    @Test("what is missing, and what is no YAML or no file, is named too")
    func missing() throws {
        for text in [
            try Self.whole().replacingOccurrences(of: "    exponent: \"03\"\n", with: ""), "keys: [1]", "keys: {", "",
        ] {
            guard case .failure(let error) = try reading(text) else { return #expect(Bool(false), "taken: \(text)") }
            #expect(error.code == .table)
        }
        #expect(throws: ServiceError.self) { try AuthorityKeysFile.read("/nowhere/keys.yaml") }
    }
}
