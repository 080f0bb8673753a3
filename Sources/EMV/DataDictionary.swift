import SmartCard

/// The data elements by tag (`Tables/tags.yaml`).
public enum DataDictionary {
    /// What this kernel recognises (EMV 4.4 Book 3, Annex A). What a card sends outside this table is not stored (10.2).
    public static subscript(tag: TagNumber) -> DataElement? { byTag[tag] }

    private static let byTag = byTag(elements)

    /// Grouped by source, in order of their tags.
    public static let elements: [DataElement] = tables.known

    /// Names for people, of what traces hold and the kernel does not process.
    static let foreign = byTag(tables.foreign)

    private static func byTag(_ elements: [DataElement]) -> [TagNumber: DataElement] {
        Dictionary(elements.map { ($0.tag, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// A table that came with the program can be read, or the tests fail.
    private static let tables = (try? TagTable(yaml: String(decoding: PackageResources.tags_yaml, as: UTF8.self))) ?? TagTable()
}

/// The rows of a tag table file.
struct TagTable: Sendable, Hashable {
    var known: [DataElement] = []
    var foreign: [DataElement] = []

    init() {}

    init(yaml: String) throws(EMVError) {
        let file = try TableFile(yaml: yaml, name: "tags.yaml")
        known = try file.rows("known").map { row throws(EMVError) in try DataElement(row) }
        foreign = try file.rows("foreign").map { row throws(EMVError) in try DataElement(row) }
        var seen: Set<TagNumber> = []
        for element in known + foreign where !seen.insert(element.tag).inserted {
            throw EMVError(.tableMalformed, "tags.yaml: \(element.tag) stands twice.")
        }
    }
}

extension DataElement {
    fileprivate init(_ row: TableFile.Row) throws(EMVError) {
        let lengths = try row.text("length").split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard let least = lengths.first ?? nil, let most = lengths.last ?? nil, lengths.count <= 2, least >= 0, least <= most
        else { throw row.refusal("length", "bytes, one number or least-most") }
        self.init(
            try row.tag("tag"), try row.text("name"), try row.choice("source", Source.self), try row.choice("format", Format.self),
            least...most,
            cardData: try row.flag("cardData"))
        try row.finish(["tag", "name", "source", "format", "length", "cardData"])
    }
}
