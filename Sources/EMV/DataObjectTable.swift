import SmartCard

/// Which data objects go to the host in field 55 (`Tables/fields.yaml`), in this order. What the card or the terminal does not have is left out.
public struct FieldTags: Sendable, Hashable {
    /// Of a request.
    public let request: [TagNumber]
    /// Of a reversal or an advice: how the card's part ended.
    public let final: [TagNumber]

    /// Those that came with the program; tests hold them to the host protocol.
    public static let standard =
        (try? FieldTags(yaml: String(decoding: PackageResources.fields_yaml, as: UTF8.self))) ?? FieldTags(request: [], final: [])

    private init(request: [TagNumber], final: [TagNumber]) {
        self.request = request
        self.final = final
    }

    /// Throws `tableMalformed` for a tag that the dictionary does not know, or that identifies the account: its place is field 2 or 35.
    public init(yaml: String) throws(EMVError) {
        let file = try TableFile(yaml: yaml, name: "fields.yaml")
        self.init(request: try file.tags("request"), final: try file.tags("final"))
        for tag in request + final {
            guard let element = DataDictionary[tag], !element.isCardData, !tag.isConstructed else {
                throw EMVError(.tableMalformed, "fields.yaml: \(tag) is not a known data object without card data.")
            }
        }
    }
}
