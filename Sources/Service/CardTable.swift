import EMV
import Hex
import Terminal

/// The table of cards: brands, applications, number ranges and limits, from one file.
public struct CardTable: Sendable, Hashable {
    public var brands: CardBrandTable
    public var applications: [ApplicationConfiguration]

    public static func builtIn() throws(ServiceError) -> CardTable { try CardTable(yaml: builtInText, file: "cards.yaml") }

    /// The file that comes with the program.
    public static var builtInText: String { String(decoding: PackageResources.cards_yaml, as: UTF8.self) }

    static func read(file: String?) throws(ServiceError) -> CardTable {
        guard let file else { return try builtIn() }
        return try CardTable(yaml: try TerminalFiles.text(file), file: file)
    }

    /// Throws `service.table`, with file, line, key and what is allowed.
    public init(yaml: String, file: String) throws(ServiceError) {
        let rows = try CheckedTable(yaml: yaml, file: file, keys: CardTableSchema.file).list("cards")
        (brands, applications) = (CardBrandTable(), [])
        for row in rows {
            let (brand, type) = (row.text("brand") ?? "", CardBrandTable.CardType(rawValue: row.text("type") ?? "") ?? .credit)
            let listed = row.list("applications")
            if type != .credit {
                // Offline approvals are for credit cards (`StoreAndForwardLimits`).
                for table in [row] + listed where (table.number("floorLimit") ?? 0) > 0 {
                    throw table.refusal("floorLimit", "0 for type \(type.rawValue)")
                }
            }
            for table in listed {
                let application = try Self.application(table, brand: row)
                guard !applications.contains(where: { $0.aid == application.aid }) else {
                    throw table.refusal("aid", "an AID that does not stand above already")
                }
                applications.append(application)
            }
            for range in row.texts("binRanges") where !CardBrandTable.isRange(range) {
                throw row.refusal("binRanges", "first digits such as 4, or from-through such as 222100-272099, both of the same length")
            }
            brands.rows.append(
                .init(brand: brand, type: type, aids: listed.compactMap { $0.text("aid") }, binRanges: row.texts("binRanges")))
        }
        guard !rows.isEmpty else { throw ServiceError(.table, "\(file): cards: there is no row, so the terminal takes no card.") }
    }

    private static func application(_ table: CheckedTable, brand: CheckedTable) throws(ServiceError) -> ApplicationConfiguration {
        var application = ApplicationConfiguration(aid: [UInt8](hex: table.text("aid") ?? "") ?? [])
        application.partialMatch = table.text("partialMatch") != "false"
        application.label = table.text("label") ?? ""
        let versions = table.texts("versions").compactMap { [UInt8](hex: $0) }
        if !versions.isEmpty { application.versions = versions }
        if let code = actionCode(table, "denial") { application.denial = code }
        if let code = actionCode(table, "online") { application.online = code }
        if let code = actionCode(table, "default") { application.default = code }
        application.floorLimit = table.number("floorLimit") ?? brand.number("floorLimit") ?? 0
        application.riskManagementData = [UInt8](hex: table.text("riskManagementData") ?? "") ?? []
        application.preferredOver = table.texts("preferredOver").compactMap { [UInt8](hex: $0) }
        if let random = table.table("randomSelection") ?? brand.table("randomSelection") {
            let target = Int(random.number("targetPercentage") ?? 0)
            let most = Int(random.number("maximumPercentage") ?? Int64(target))
            guard most >= target else { throw random.refusal("maximumPercentage", "at least targetPercentage") }
            application.randomSelection = RandomSelection(
                threshold: random.number("threshold") ?? 0, targetPercentage: target, maximumPercentage: most)
        }
        return application
    }

    private static func actionCode(_ table: CheckedTable, _ key: String) -> TerminalVerificationResults? {
        table.text(key).flatMap { [UInt8](hex: $0) }.flatMap { TerminalVerificationResults(bytes: $0) }
    }
}
