import Keys
import SmartCard

/// Terminal action analysis (EMV 4.4 Book 3, 10.7), the first GENERATE AC and card action analysis (10.8).
extension ContactKernel {
    private enum ActionCode {
        case denial, online, unableToGoOnline
    }

    /// The issuer's code, joined with the terminal's. 10.7: without an issuer code nothing is denied, and everything goes online.
    private func actionCode(_ code: ActionCode) -> TerminalVerificationResults {
        let everything = TerminalVerificationResults(rawValue: 0xFF_FFFF_FFFF)
        func issuer(_ tag: TagNumber, absent: TerminalVerificationResults) -> TerminalVerificationResults {
            data.bytes(tag).flatMap { TerminalVerificationResults(bytes: $0) } ?? absent
        }
        switch code {
        case .denial: return issuer(0x9F0E, absent: []).union(configured?.denial ?? [])
        case .online: return issuer(0x9F0F, absent: everything).union(configured?.online ?? everything)
        case .unableToGoOnline: return issuer(0x9F0D, absent: everything).union(configured?.default ?? everything)
        }
    }

    private func isHit(_ code: ActionCode) -> Bool { !verificationResults.isDisjoint(with: actionCode(code)) }

    /// 10.7: what the default codes leave when the issuer cannot be asked. A transaction that must go online is not approved without it.
    var defaultAction: CryptogramType {
        mustGoOnline || terminal.type.isOnlineOnly || isHit(.unableToGoOnline) || isHit(.denial) ? .aac : .tc
    }

    /// No approval without the issuer, whatever the action codes say.
    private var mustGoOnline: Bool {
        transaction.forceOnline || (transaction.floorLimitBinds && verificationResults.contains(.floorLimitExceeded))
    }

    mutating func analyseTerminalAction() -> [KernelAction] {
        let requested: CryptogramType
        if isHit(.denial) {
            requested = .aac
        } else if terminal.type.isOfflineOnly {
            // 10.7: a terminal that cannot go online applies the default codes now.
            requested = defaultAction
        } else if terminal.type.isOnlineOnly || mustGoOnline || isHit(.online) {
            requested = .arqc
        } else {
            requested = .tc
        }
        // Book 2, 6.6: an AAC is asked for without a signature, so CDA is not performed.
        if requested == .aac, requestsSignature(for: .arqc) { verificationResults.insert(.offlineDataAuthenticationNotPerformed) }
        // Book 4, A6: the terminal's own answer codes.
        switch requested {
        case .aac: data.set(0x8A, "Z1".utf8)
        case .tc: data.set(0x8A, "Y1".utf8)
        case .arqc: data.remove(0x8A)
        }
        return generateCryptogram(requested, list: 0x8C, then: .firstCryptogram(requested))
    }

    /// GENERATE AC (6.5.5) with the data that a CDOL asks for.
    mutating func generateCryptogram(_ type: CryptogramType, list tag: TagNumber, then next: Phase) -> [KernelAction] {
        guard let bytes = data.bytes(tag), let list = try? DataObjectList.parse(bytes), list.dataLength <= 255,
            !list.contains(0x98) || setCertificateHash()
        else { return cryptogramUnusable(.malformedData) }
        setResults()
        let values = data.data(for: list)
        authentication.transactionData += values
        // 6.5.5.2: bit 5 of P1 asks for a CDA signature.
        let reference = type.rawValue | (requestsSignature(for: type) ? 0x10 : 0x00)
        return transmit(CommandAPDU(0x80, 0xAE, reference, 0x00, data: values, expectedLength: 256), then: next)
    }

    /// 98, the hash over what the TDOL names (Book 3). False for a TDOL of the card with a format error.
    private mutating func setCertificateHash() -> Bool {
        // Without a TDOL of the card the terminal's default one counts, which may be empty.
        if !data.contains(0x97) { verificationResults.insert(.defaultTDOLUsed) }
        setResults()
        guard let list = try? DataObjectList.parse(data.bytes(0x97) ?? terminal.defaultTDOL),
            let hash = try? Digest.sha1(data.data(for: list))
        else { return false }
        data.set(0x98, hash)
        return true
    }

    mutating func firstCryptogramAnswered(_ response: ResponseAPDU, requested: CryptogramType) -> [KernelAction] {
        guard response.status == .success else { return finish(.terminated, .cardCommandFailed) }
        let isSigned = requestsSignature(for: requested)
        guard var answer = ApplicationCryptogram(responseData: response.data, isSigned: isSigned) else {
            return finish(.terminated, .malformedData)
        }
        let isAuthentic = !isSigned || verifySignature(of: &answer, response)
        keep(answer)
        statusInformation.insert(.cardRiskManagementPerformed)
        switch (requested, answer.type) {
        case (_, .aac):
            if requested == .aac { return finish(.declined, .declinedByTerminal) }
            return finish(.declined, answer.refusal ?? .declinedByCard)
        // Book 2, 6.6.2: a TC whose CDA failed is declined, an ARQC completed with an AAC.
        case (.tc, .tc): return isAuthentic ? finish(.approved) : finish(.declined, .combinedAuthenticationFailed)
        case (.tc, .arqc), (.arqc, .arqc): return isAuthentic ? goOnline() : declineAfterFailedSignature()
        // 6.5.5.4 and 10.8: a card may lower what was asked, never raise it; 11 is reserved.
        default: return finish(.terminated, .cryptogramNotAsRequested)
        }
    }

    mutating func keep(_ answer: ApplicationCryptogram) {
        data.set(0x9F27, [answer.information])
        data.set(0x9F36, answer.transactionCounter)
        if answer.cryptogram.isEmpty { data.remove(0x9F26) } else { data.set(0x9F26, answer.cryptogram) }
        if let issuerData = answer.issuerApplicationData { data.set(0x9F10, issuerData) } else { data.remove(0x9F10) }
    }
}
