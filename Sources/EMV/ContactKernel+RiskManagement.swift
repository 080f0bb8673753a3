import SmartCard

/// Terminal risk management (EMV 4.4 Book 3, 10.6). Performed whatever the AIP says: acquirers answer for the floor limit either way.
extension ContactKernel {
    mutating func manageRisk() -> [KernelAction] {
        checkTerminalRecords()
        selectAtRandom()
        // 10.6.3, and Book 4, 6.3.5: not for terminals that decide nothing offline; a card without both limits has no velocity checking.
        guard !terminal.type.isOnlineOnly, data.contains(0x9F14), data.contains(0x9F23) else { return riskManaged() }
        return transmit(Self.getData(0x9F36), then: .transactionCounter)
    }

    /// Exception file, merchant's wish, floor limit.
    private mutating func checkTerminalRecords() {
        let sequence = cardData?.panSequenceNumber
        var latest: Int64 = 0
        if let pan = accountNumber {
            // Book 4, 6.3.5: the exception file.
            if transaction.history.isException(pan: pan, panSequenceNumber: sequence) { verificationResults.insert(.cardOnExceptionFile) }
            latest = transaction.history.latestAmount(pan: pan, panSequenceNumber: sequence) ?? 0
        }
        // Book 4, 6.5.3: the merchant's wish.
        if transaction.forceOnline { verificationResults.insert(.merchantForcedOnline) }
        // 10.6.1: with the latest amount in the log, so that a purchase cannot be split.
        let (sum, overflow) = transaction.amountAuthorised.minorUnits.addingReportingOverflow(max(0, latest))
        if let configured, overflow || sum >= configured.floorLimit { verificationResults.insert(.floorLimitExceeded) }
    }

    /// 10.6.2, for terminals that can go either way.
    private mutating func selectAtRandom() {
        guard let configured, !terminal.type.isOnlineOnly, !terminal.type.isOfflineOnly,
            configured.randomSelection.selects(
                amount: transaction.amountAuthorised.minorUnits, floorLimit: configured.floorLimit, number: transaction.selectionNumber)
        else { return }
        verificationResults.insert(.selectedRandomly)
    }

    /// The terminal's configuration of the selected application.
    var configured: ApplicationConfiguration? {
        guard let index = candidate?.configuration, applications.indices.contains(index) else { return nil }
        return applications[index]
    }

    // MARK: Velocity checking (10.6.3)

    mutating func transactionCounterRead(_ response: ResponseAPDU) -> [KernelAction] {
        if let value = Self.value(of: 0x9F36, in: response), value.count == 2 { data.set(0x9F36, value) }
        return transmit(Self.getData(0x9F13), then: .lastOnlineCounter)
    }

    mutating func lastOnlineCounterRead(_ response: ResponseAPDU) -> [KernelAction] {
        let lastOnline = Self.value(of: 0x9F13, in: response).flatMap(Self.counter)
        let counter = data.bytes(0x9F36).flatMap(Self.counter)
        if let lastOnline {
            data.set(0x9F13, [UInt8(lastOnline >> 8), UInt8(lastOnline & 0xFF)])
            // A card that never went online.
            if lastOnline == 0 { verificationResults.insert(.newCard) }
        }
        guard let lastOnline, let counter, counter > lastOnline, let lower = data.bytes(0x9F14)?.first,
            let upper = data.bytes(0x9F23)?.first
        else {
            // A counter that is not there, or that stands still, exceeds both limits.
            verificationResults.formUnion([.lowerConsecutiveOfflineLimitExceeded, .upperConsecutiveOfflineLimitExceeded])
            return riskManaged()
        }
        if counter - lastOnline > Int(lower) { verificationResults.insert(.lowerConsecutiveOfflineLimitExceeded) }
        if counter - lastOnline > Int(upper) { verificationResults.insert(.upperConsecutiveOfflineLimitExceeded) }
        return riskManaged()
    }

    private static func counter(_ bytes: [UInt8]) -> Int? { bytes.count == 2 ? Int(bytes[0]) << 8 | Int(bytes[1]) : nil }

    private mutating func riskManaged() -> [KernelAction] {
        statusInformation.insert(.terminalRiskManagementPerformed)
        return analyseTerminalAction()
    }
}
