/// Whether the application may be used here, now and for this (EMV 4.4 Book 3, 10.4).
extension ContactKernel {
    mutating func applyProcessingRestrictions(expiration: KernelDate, effective: KernelDate?) {
        checkApplicationVersion()
        checkUsage()
        // 10.4.3
        if let effective, effective > transaction.date { verificationResults.insert(.applicationNotYetEffective) }
        if expiration < transaction.date { verificationResults.insert(.expiredApplication) }
    }

    /// 10.4.1: without 9F08 the versions count as the same.
    private mutating func checkApplicationVersion() {
        guard let version = data.bytes(0x9F08), let configuration = candidate?.configuration, applications.indices.contains(configuration)
        else { return }
        if applications[configuration].versions.contains(version) {
            data.set(0x9F09, version)
        } else {
            verificationResults.insert(.differentApplicationVersions)
        }
    }

    /// 10.4.2. Without 9F07 there is no restriction; without 5F28 only the kind of terminal counts.
    private mutating func checkUsage() {
        guard let usage = data.bytes(0x9F07).flatMap({ ApplicationUsageControl(bytes: $0) }) else { return }
        let isCashMachine = terminal.type.mayBeCashMachine && terminal.additionalCapabilities.contains(.cash)
        if !usage.contains(isCashMachine ? .cashMachines : .otherTerminals) { verificationResults.insert(.serviceNotAllowed) }
        guard let issuerCountry = data.bytes(0x5F28) else { return }
        let isDomestic = issuerCountry == data.bytes(0x9F1A)
        // Table 36: goods and services are one transaction type here, so either will do.
        let isAllowed =
            switch transaction.transactionType {
            case let type where KernelTransaction.cashTypes.contains(type):
                usage.contains(isDomestic ? .domesticCash : .internationalCash)
            case 0x00, 0x09:
                !usage.isDisjoint(with: isDomestic ? [.domesticGoods, .domesticServices] : [.internationalGoods, .internationalServices])
            default: true
            }
        let hasCashback = transaction.transactionType == 0x09 || transaction.amountOther.minorUnits > 0
        let isCashbackAllowed = !hasCashback || usage.contains(isDomestic ? .domesticCashback : .internationalCashback)
        if !isAllowed || !isCashbackAllowed { verificationResults.insert(.serviceNotAllowed) }
    }
}
