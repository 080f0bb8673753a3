/// Cardholder verification (EMV 4.4 Book 3, 10.5).
extension ContactKernel {
    mutating func verifyCardholder() -> [KernelAction] {
        // 10.5: only if the AIP says that the card supports it.
        guard profile.contains(.cardholderVerificationSupported) else { return manageRisk() }
        guard let bytes = data.bytes(0x8E) else {
            // 7.5 and 10.5: data that the AIP promises is missing; cardholder verification is not performed.
            verificationResults.insert(.iccDataMissing)
            return manageRisk()
        }
        // 7.5: a list with a format error ends the session.
        guard let list = CardholderVerificationMethodList(bytes) else { return finish(.terminated, .malformedData) }
        guard !list.rules.isEmpty else {
            // 10.5: a list without rules is as good as none.
            verificationResults.insert(.iccDataMissing)
            return manageRisk()
        }
        var process = CardholderVerificationProcess(
            list,
            .init(
                capabilities: terminal.capabilities, isAttended: terminal.type.isAttended, transactionType: transaction.transactionType,
                amount: transaction.amountAuthorised.minorUnits, amountOther: transaction.amountOther.minorUnits,
                isApplicationCurrency: data.bytes(0x9F42).map { $0 == data.bytes(0x5F2A) } ?? false))
        let step = process.next()
        verification = process
        return follow(step)
    }

    mutating func follow(_ step: CardholderVerificationProcess.Step) -> [KernelAction] {
        switch step {
        case .pin(let rule): return beginPIN(rule)
        case .complete(let result):
            verification = nil
            data.set(0x9F34, result.bytes)
            verificationResults.formUnion(result.findings)
            statusInformation.insert(.cardholderVerificationPerformed)
            cardholderVerification = result.verification
            return manageRisk()
        }
    }
}
