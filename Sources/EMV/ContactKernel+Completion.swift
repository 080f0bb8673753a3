import SmartCard

/// Completion: the second GENERATE AC (EMV 4.4 Book 3, 10.11).
extension ContactKernel {
    /// The issuer's word decides what is asked for (10.9; Book 4, 6.3.8).
    mutating func completeWithIssuer() -> [KernelAction] {
        requestSecondCryptogram(issuerApproved == true ? .tc : .aac)
    }

    /// 10.7 by the default action codes, with the answer codes of Book 4, A6.
    mutating func completeWithoutIssuer() -> [KernelAction] {
        // Only a terminal without a line decides by itself although the floor limit is all that lets it.
        let action = transaction.floorLimitBinds && !terminal.type.isOfflineOnly ? .aac : defaultAction
        data.set(0x8A, (action == .tc ? "Y3" : "Z3").utf8)
        return requestSecondCryptogram(action)
    }

    private mutating func requestSecondCryptogram(_ type: CryptogramType) -> [KernelAction] {
        generateCryptogram(type, list: 0x8D, then: .secondCryptogram(type))
    }

    mutating func secondCryptogramAnswered(_ response: ResponseAPDU, requested: CryptogramType) -> [KernelAction] {
        guard response.status == .success else { return cryptogramUnusable(.cardCommandFailed) }
        let isSigned = requestsSignature(for: requested)
        guard var answer = ApplicationCryptogram(responseData: response.data, isSigned: isSigned) else {
            return cryptogramUnusable(.malformedData)
        }
        let isAuthentic = !isSigned || verifySignature(of: &answer, response)
        keep(answer)
        switch (requested, answer.type) {
        // Book 2, 6.6.2: a TC whose CDA failed is declined, also after the issuer's approval.
        case (.tc, .tc): return isAuthentic ? finish(.approved) : finish(.declined, .combinedAuthenticationFailed)
        case (.aac, .aac) where authentication.signatureFailed: return finish(.declined, .combinedAuthenticationFailed)
        case (.tc, .aac): return finish(.declined, issuerApproved == true ? .cardRefusedAfterIssuerApproval : .declinedByCard)
        case (_, .aac): return finish(.declined, issuerApproved == nil ? .unableToGoOnline : .declinedByIssuer)
        // 6.5.5.4: the second answer is TC or AAC and never more than was asked.
        default: return cryptogramUnusable(.cryptogramNotAsRequested)
        }
    }

    /// No usable cryptogram. After the issuer's approval that is the card's refusal, so that it is reversed as one; otherwise the session ends.
    mutating func cryptogramUnusable(_ reason: Reason) -> [KernelAction] {
        finish(issuerApproved == true ? .declined : .terminated, reason)
    }
}
