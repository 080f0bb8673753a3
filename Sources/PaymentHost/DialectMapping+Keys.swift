import ISO8583
import Keys

/// New MAC keys: 48.12 of the answer to a key change holds one in a key block of ANSI X9.143, version D.
extension DialectMapping {
    /// Tells two parties whether they hold the same key, without telling the key; `nil` without one.
    var keyCheckValue: [UInt8]? { macKey.flatMap { Self.checkValue(of: $0, dialect) } }

    public static func checkValue(of key: SecretBytes, _ dialect: Dialect) -> [UInt8]? {
        switch dialect.mac.algorithm {
        case .none: nil
        case .aesCMAC: try? KeyCheckValue.aes(key)
        case .retail: try? KeyCheckValue.tripleDES(key)
        }
    }

    /// What the header of a block must say that holds a MAC key of this dialect.
    public static func keyBlockHeader(_ dialect: Dialect) -> KeyBlock.Header? {
        switch dialect.mac.algorithm {
        case .none: nil
        case .aesCMAC: KeyBlock.Header(usage: "M6", algorithm: "A", modeOfUse: "C")
        case .retail: KeyBlock.Header(usage: "M3", algorithm: "T", modeOfUse: "C")
        }
    }

    /// Asks for a block, and says which key is in force.
    func setKeyScheme(in message: inout Message) throws(ISO8583Error) {
        guard let field = dialect.placement.securityData else { return }
        let data = SecurityData(scheme: .keyBlock, keySerialNumber: keyCheckValue ?? [])
        message.set(field, secret: try data.encoded())
    }

    func newKey(in answer: Message, under protection: SecretBytes) throws(ISO8583Error) -> (key: SecretBytes, block: String) {
        guard let text = answer.text(48), let block = try PrivateElements(text)["12"] else {
            throw ISO8583Error(.missing, "48.12", "there is no key block")
        }
        let key = try Self.macKey(in: block, under: protection, dialect)
        if key == macKey { throw ISO8583Error(.malformed, "48.12", "holds the key that is in force") }
        return (key, block)
    }

    /// Errors say nothing of what is in the block.
    public static func macKey(in block: String, under protection: SecretBytes, _ dialect: Dialect) throws(ISO8583Error) -> SecretBytes {
        let opened: KeyBlock
        do throws(KeysError) { opened = try KeyBlock(block, protection: protection) } catch {
            throw ISO8583Error(.malformed, "48.12", error.message)
        }
        guard let expected = keyBlockHeader(dialect), opened.header.usage == expected.usage, opened.header.algorithm == expected.algorithm,
            [expected.modeOfUse, "N"].contains(opened.header.modeOfUse), dialect.mac.keyLengths.contains(opened.key.count)
        else { throw ISO8583Error(.malformed, "48.12", "the key is not one for this dialect's MAC") }
        return opened.key
    }
}
