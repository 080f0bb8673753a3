/// Terminal risk management (EMV 4.4 Book 3, 10.6). Performed whatever the AIP says: acquirers answer for the floor limit either way.
extension ContactKernel {
    mutating func manageRisk() {
        // Book 4, 6.5.3: the merchant's wish.
        if transaction.forceOnline { verificationResults.insert(.merchantForcedOnline) }
        if let configuration = candidate?.configuration, applications.indices.contains(configuration),
            transaction.amountAuthorised.minorUnits >= applications[configuration].floorLimit
        {
            // 10.6.1
            verificationResults.insert(.floorLimitExceeded)
        }
        // 10.6.2: random selection with a target percentage of zero selects nothing.
        if data.contains(0x9F14), data.contains(0x9F23) {
            // 10.6.3: the card has limits and the counters were not obtained: both count as exceeded.
            verificationResults.insert(.lowerConsecutiveOfflineLimitExceeded)
            verificationResults.insert(.upperConsecutiveOfflineLimitExceeded)
        }
        statusInformation.insert(.terminalRiskManagementPerformed)
    }
}
