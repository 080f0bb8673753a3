extension Configuration {
    /// Reads the table files that the configuration names; throws for the first that does not fit.
    public func checkTables() throws(ServiceError) {
        _ = try CardTable.read(file: cardsFile)
        _ = try AuthorityKeysFile.read(authorityKeysFile)
        _ = try DataObjectsFile.read(dataObjectsFile)
        _ = try ExceptionFile.read(exceptionsFile)
    }
}
