import Hex
import SmartCard

/// Which data objects go to the host, to the card and on receipts (`Tables/data-objects.yaml`). What the card or the terminal does not have is left
/// out.
public struct DataObjectTable: Sendable, Hashable {
    /// One object of a receipt.
    public struct ReceiptObject: Sendable, Hashable {
        public var tag: TagNumber
        /// A key of the receipt's words, or a text in every language.
        public var label: String
        /// On the line of the one above.
        public var isBeside: Bool

        public init(_ tag: TagNumber, label: String, isBeside: Bool = false) {
            self.tag = tag
            self.label = label
            self.isBeside = isBeside
        }
    }

    /// Field 55 of a request.
    public private(set) var request: [TagNumber] = []
    /// Field 55 of a reversal or an advice: how the card's part ended.
    public private(set) var final: [TagNumber] = []
    public private(set) var receipt: [ReceiptObject] = []
    /// For INTERNAL AUTHENTICATE when the card has no 9F49.
    public private(set) var defaultDDOL: [UInt8] = []
    /// For the certificate hash when the card has no 97; empty for none.
    public private(set) var defaultTDOL: [UInt8] = []

    /// The table that came with the program; tests hold it to the host protocol.
    public static let standard =
        (try? DataObjectTable(yaml: String(decoding: PackageResources.data_objects_yaml, as: UTF8.self), over: DataObjectTable()))
        ?? DataObjectTable()

    private init() {}

    /// What the file does not say stays as in `base`. Throws `tableMalformed` with the line and what is allowed.
    public init(yaml: String, file: String = "data-objects.yaml", over base: DataObjectTable = .standard) throws(EMVError) {
        self = base
        let table = try TableFile(yaml: yaml, name: file)
        try table.finish(Key.allCases.map(\.rawValue))
        if let tags = try Self.field(.request, table) { request = tags }
        if let tags = try Self.field(.final, table) { final = tags }
        if table.holds(Key.receipt.rawValue) {
            receipt = []
            for row in try table.rows(Key.receipt.rawValue) { try addReceipt(row) }
            // EMV 4.4 Book 4, 11.4.
            guard receipt.contains(where: { $0.tag == 0x84 }) else { throw table.refusal(.receipt) }
        }
        if let list = try Self.objectList(.defaultDDOL, table) {
            // EMV 4.4 Book 2, 6.5.1: a DDOL without the unpredictable number fails every DDA.
            guard list.contains(0x9F37) else { throw table.refusal(.defaultDDOL) }
            defaultDDOL = list.encoded
        }
        if let list = try Self.objectList(.defaultTDOL, table) { defaultTDOL = list.encoded }
    }

    // MARK: Checks

    /// What may leave the terminal: known, a value, and nothing of the account.
    private static func mayLeave(_ tag: TagNumber) -> Bool {
        DataDictionary[tag].map { !$0.isCardData && !tag.isConstructed } ?? false
    }

    private static func field(_ key: Key, _ table: TableFile) throws(EMVError) -> [TagNumber]? {
        guard table.holds(key.rawValue) else { return nil }
        let tags = try table.tags(key.rawValue, allowed: key.allowed, mayLeave)
        // Field 55 has no room for more, and no card may find that out.
        guard Set(tags).count == tags.count, tags.reduce(0, { $0 + longest($1) }) <= 255 else { throw table.refusal(key) }
        return tags
    }

    /// Bytes of the object as TLV, at its longest.
    private static func longest(_ tag: TagNumber) -> Int {
        let most = DataDictionary[tag]?.lengths.upperBound ?? 0
        return tag.byteCount + (most > 127 ? 2 : 1) + most
    }

    private mutating func addReceipt(_ row: TableFile.Row) throws(EMVError) {
        let (tag, label) = (try row.tag("tag"), try row.text("label"))
        guard Self.mayLeave(tag) else { throw row.refusal("tag", "the tag of a known data object that is not card data") }
        guard label.count <= 16, label.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw row.refusal("label", "a text of 1 to 16 characters")
        }
        let isBeside = try row.flag("beside")
        guard !isBeside || receipt.last?.isBeside == false else {
            throw row.refusal("beside", "true once in a line, behind its first object")
        }
        receipt.append(ReceiptObject(tag, label: label, isBeside: isBeside))
        try row.finish(["tag", "label", "beside"])
    }

    private static func objectList(_ key: Key, _ table: TableFile) throws(EMVError) -> DataObjectList? {
        guard let text = try table.text(key.rawValue, allowed: key.allowed) else { return nil }
        // The answer is the data of one command.
        guard let bytes = [UInt8](hex: text), let list = try? DataObjectList.parse(bytes), list.dataLength <= 255,
            list.entries.allSatisfy({ DataDictionary[$0.tag] != nil && !$0.tag.isConstructed })
        else { throw table.refusal(key) }
        return list
    }
}

extension TableFile {
    fileprivate func refusal(_ key: DataObjectTable.Key) -> EMVError { refusal(key.rawValue, allowed: key.allowed) }
}
