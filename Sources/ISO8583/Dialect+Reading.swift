import Yams

extension Dialect {
    /// Reads a dialect file. Unknown keys and bad values are errors that name key and line.
    public init(yaml: String) throws(ISO8583Error) {
        let root: Node?
        do { root = try Yams.compose(yaml: yaml) } catch { throw ISO8583Error(.dialect, "", "is not YAML: \(error)") }
        let file = try DialectReader(root, path: "")
        try file.allow([
            "name", "header", "mti", "bitmap", "text", "digits", "lengths", "mac", "fields", "messages", "functionCodes",
            "networkRequest", "verifiedEchoes", "actionCodes", "unknownActionCode", "amountTypes", "privateElements", "pointOfService",
            "options", "placement", "messageTypes", "reasonCodes", "constants",
        ])
        name = try file.text("name")
        header = try Self.header(file.mapping("header"))
        mtiEncoding = try file.choice("mti") ?? .ascii
        guard mtiEncoding != .binary else { throw file.error("mti", "must be ascii, ebcdic or bcd") }
        bitmapEncoding = try file.choice("bitmap") ?? .binary
        mac = MACRules(algorithm: try file.choice("mac") ?? .none)
        fields = try Self.fields(file)
        messages = try Self.messages(file.mapping("messages"), fields)
        functionCodes = try Self.words(file.optionalMapping("functionCodes"))
        networkRequest = try file.text("networkRequest")
        guard messages[networkRequest]?.answer != nil else {
            throw file.error("networkRequest", "must be a request of the table of messages")
        }
        verifiedEchoes = try file.numbers("verifiedEchoes", among: fields)
        amountTypes = try Self.words(file.optionalMapping("amountTypes"))
        if let word = amountTypes.first(where: { $0.value.utf8.count != 2 || !$0.value.utf8.allSatisfy(isDigit) })?.key {
            throw file.error("amountTypes", "\(word) is not two digits")
        }
        var codes: [String: ActionCode] = [:]
        let table = try file.mapping("actionCodes")
        for code in table.keys { codes[code] = try Self.actionCode(table.mapping(code)) }
        actionCodes = codes
        unknownActionCode = try Self.actionCode(file.mapping("unknownActionCode"))
        guard unknownActionCode.meaning == .declined else { throw file.error("unknownActionCode", "an unknown code is a decline") }
        privateElements = try Self.words(file.optionalMapping("privateElements"))
        if let tag = privateElements.keys.first(where: { $0.utf8.count != 2 || !$0.utf8.allSatisfy(isDigit) }) {
            throw file.error("privateElements", "\(tag) is not two digits")
        }
        pointOfService = try PointOfServicePosition.table(file.optionalMapping("pointOfService"), fields)
        placement = try Placement(file.mapping("placement"), fields)
        messageTypes = try Self.words(file.optionalMapping("messageTypes"))
        for type in messageTypes.values.sorted() where messages[type] == nil {
            throw file.error("messageTypes", "\(type) is not in the table of messages")
        }
        reasonCodes = try Self.words(file.optionalMapping("reasonCodes"))
        constants = try Self.constants(file.optionalMapping("constants"), fields)
        let options = try file.optionalMapping("options")
        try options?.allow(["unknownOriginalFinalAfter"])
        self.options = Options(unknownOriginalFinalAfter: try options?.number("unknownOriginalFinalAfter", in: 1...86_400))
    }

    private static func header(_ reader: DialectReader) throws(ISO8583Error) -> LengthHeader {
        try reader.allow(["bytes", "encoding", "inclusive"])
        let encoding: FieldEncoding = try reader.choice("encoding") ?? .binary
        let bytes = try reader.number("bytes", in: encoding == .binary ? 1...4 : 1...8) ?? 2
        return LengthHeader(byteCount: bytes, encoding: encoding, isInclusive: try reader.flag("inclusive") ?? false)
    }

    private static func fields(_ file: DialectReader) throws(ISO8583Error) -> [Int: FieldDefinition] {
        let text: FieldEncoding = try file.choice("text") ?? .ascii
        let digits: FieldEncoding = try file.choice("digits") ?? text
        let lengths: FieldEncoding = try file.choice("lengths") ?? text
        guard text != .bcd, text != .binary else { throw file.error("text", "must be ascii or ebcdic") }
        guard digits != .binary else { throw file.error("digits", "must be ascii, ebcdic or bcd") }
        let table = try file.mapping("fields")
        var fields: [Int: FieldDefinition] = [:]
        for key in table.keys {
            guard let number = Int(key), (2...128).contains(number) else { throw table.error(key, "must be a field number, 2 to 128") }
            let row = try table.mapping(key)
            try row.allow(["name", "format", "length", "max", "encoding", "secret"])
            guard let format: FieldFormat = try row.choice("format") else { throw row.error("format", "is missing") }
            guard let maximum = try row.number("max", in: 1...9999) else { throw row.error("max", "is missing") }
            let isNumeric = format == .n || format == .z || format == .signed
            let encoding: FieldEncoding = try row.choice("encoding") ?? (isNumeric ? digits : text)
            guard isNumeric || encoding != .bcd else { throw row.error("encoding", "only digits can be bcd") }
            guard format == .b || encoding != .binary else { throw row.error("encoding", "only format b is binary") }
            if number == 64 || number == 128, format != .b || maximum != MACRules.byteCount {
                throw row.error("format", "a MAC is b, 8 bytes")
            }
            fields[number] = FieldDefinition(
                number: number, name: try row.text("name"), format: format, length: try row.choice("length") ?? .fixed, maximum: maximum,
                encoding: encoding, lengthEncoding: lengths, isSecret: try row.flag("secret") ?? Message.alwaysSecret.contains(number))
        }
        return fields
    }

    private static func messages(
        _ table: DialectReader, _ fields: [Int: FieldDefinition]
    ) throws(ISO8583Error) -> [String: MessageDefinition] {
        var messages: [String: MessageDefinition] = [:]
        for mti in table.keys {
            guard mti.utf8.count == 4, mti.utf8.allSatisfy(isDigit) else { throw table.error(mti, "must be four digits") }
            let row = try table.mapping(mti)
            try row.allow(["name", "answer", "repeat", "mandatory", "optional", "echo"])
            messages[mti] = MessageDefinition(
                name: try row.text("name"), answer: try row.optionalText("answer"), repeat: try row.optionalText("repeat"),
                mandatory: try row.numbers("mandatory", among: fields), optional: try row.numbers("optional", among: fields),
                echo: try row.numbers("echo", among: fields))
        }
        for (mti, message) in messages {
            if let answer = message.answer, messages[answer] == nil { throw table.error(mti, "its answer \(answer) is not in the table") }
        }
        return messages
    }

    private static func actionCode(_ row: DialectReader) throws(ISO8583Error) -> ActionCode {
        try row.allow(["response", "text", "meaning", "reversal", "reconciliation"])
        guard let meaning: ActionCode.Meaning = try row.choice("meaning") else { throw row.error("meaning", "is missing") }
        let response = try row.text("response")
        guard response.utf8.count == 2 else { throw row.error("response", "must be two characters") }
        return ActionCode(
            responseCode: response, text: try row.text("text"), meaning: meaning, reversalCode: try row.optionalText("reversal"),
            reconciliationCode: try row.optionalText("reconciliation"))
    }

    private static func words(_ table: DialectReader?) throws(ISO8583Error) -> [String: String] {
        var words: [String: String] = [:]
        for key in table?.keys ?? [] { words[key] = try table?.text(key) }
        return words
    }

    private static func constants(_ table: DialectReader?, _ fields: [Int: FieldDefinition]) throws(ISO8583Error) -> [Int: String] {
        guard let table else { return [:] }
        var constants: [Int: String] = [:]
        for key in table.keys {
            guard let number = Int(key), let field = fields[number] else { throw table.error(key, "is not in the field table") }
            let value = try table.text(key)
            guard field.format != .b, field.allows(value.utf8), value.utf8.count <= field.maximumCharacters else {
                throw table.error(key, "does not fit the field")
            }
            constants[number] = value
        }
        return constants
    }
}
