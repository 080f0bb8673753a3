import EMV

/// The table of data objects (`emv.dataObjects`).
enum DataObjectsFile {
    static func read(_ file: String?) throws(ServiceError) -> DataObjectTable {
        guard let file else { return .standard }
        let text = try TerminalFiles.text(file)
        do throws(EMVError) { return try DataObjectTable(yaml: text, file: file) } catch { throw ServiceError(.table, error.message) }
    }
}
