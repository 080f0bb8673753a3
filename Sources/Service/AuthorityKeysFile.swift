import EMV
import Hex

/// The file of authority keys (`emv.authorityKeys`).
enum AuthorityKeysFile {
    static let schema: [TableKey] = [
        .init("keys", .tables(key), .optional, "Public keys of certification authorities."),
        .init("revoked", .tables(revoked), .optional, "Issuers' certificates not to be trusted."),
    ]

    static let key: [TableKey] = [
        rid, index, .init("modulus", .hex(64...248), .required, "The key."),
        .init("exponent", .choice(["03", "010001"]), .required, "Of the key."),
        .init("checksum", .hex(20...20), .required, "SHA-1 of RID, index, modulus and exponent (EMV 4.4 Book 2, 11.2.2)."),
        .init("expiry", .hex(3...3), .optional, "The last day of the key, YYMMDD."),
    ]

    static let revoked: [TableKey] = [
        rid, index, .init("serial", .hex(3...3), .required, "Certificate serial number (EMV 4.4 Book 2, 5.1.2)."),
    ]

    private static let rid = TableKey("rid", .hex(5...5), .required, "The payment system.")
    private static let index = TableKey("index", .hex(1...1), .required, "Of the key, as cards name it (8F).")

    /// There are no built-in ones: production keys come from the acquirer.
    static func read(_ file: String?) throws(ServiceError) -> CertificationAuthorityKeys {
        guard let file else { return .none }
        let table = try CheckedTable(yaml: try TerminalFiles.text(file), file: file, keys: schema)
        var keys: [CertificationAuthorityKey] = []
        for entry in table.list("keys") { keys.append(try Self.key(entry, after: keys)) }
        var revoked: [RevokedCertificate] = []
        for entry in table.list("revoked") {
            do throws(EMVError) {
                revoked.append(try RevokedCertificate(rid: entry.bytes("rid"), index: entry.index, serial: entry.bytes("serial")))
            } catch { throw entry.fault(error.message) }
        }
        do throws(EMVError) { return try CertificationAuthorityKeys(keys, revoked: revoked) } catch { throw table.fault(error.message) }
    }

    /// What to say of keys whose last day is past: the cards under them fail data authentication, which looks like a card's fault.
    static func remark(_ authorities: CertificationAuthorityKeys, on date: KernelDate) -> String? {
        let expired = authorities.keys.filter { $0.isExpired(on: date) }.map { "\($0.rid.hex) \([$0.index].hex)" }
        guard !expired.isEmpty else { return nil }
        return "Authority keys (emv.authorityKeys) have expired: \(expired.joined(separator: ", ")). Get the acquirer's present ones."
    }

    private static func key(
        _ entry: CheckedTable, after others: [CertificationAuthorityKey]
    ) throws(ServiceError) -> CertificationAuthorityKey {
        let expiry = entry.text("expiry").map { _ in KernelDate(numeric: entry.bytes("expiry")) }
        if case .some(nil) = expiry { throw entry.refusal("expiry", "a date as YYMMDD") }
        guard !others.contains(where: { $0.rid == entry.bytes("rid") && $0.index == entry.index }) else {
            throw entry.refusal("index", "an index that no other key of this RID has")
        }
        do throws(EMVError) {
            return try CertificationAuthorityKey(
                rid: entry.bytes("rid"), index: entry.index, modulus: entry.bytes("modulus"), exponent: entry.bytes("exponent"),
                expiry: expiry ?? nil, checksum: entry.bytes("checksum"))
        } catch {
            guard error.code == .authorityKeyChecksum else { throw entry.fault(error.message) }
            throw entry.refusal("checksum", "the SHA-1 of RID, index, modulus and exponent as they stand here; it is another")
        }
    }
}

extension CheckedTable {
    fileprivate func bytes(_ key: String) -> [UInt8] { text(key).flatMap { [UInt8](hex: $0) } ?? [] }
    fileprivate var index: UInt8 { bytes("index").first ?? 0 }
}
