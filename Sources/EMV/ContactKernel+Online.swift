import SmartCard

/// Online processing and issuer authentication (EMV 4.4 Book 3, 10.9).
extension ContactKernel {
    mutating func goOnline() -> [KernelAction] {
        // A terminal without a line, asked by the card to go online, is unable to.
        guard !terminal.type.isOfflineOnly else { return completeWithoutIssuer() }
        guard let card = cardData else { return finish(.terminated, .malformedData) }
        phase = .online
        return [.goOnline(OnlineRequest(card: card, iccData: data.encoded(dataObjects.request), receipt: receiptData))]
    }

    mutating func hostAnswered(_ answer: IssuerAnswer) -> [KernelAction] {
        guard case .answered(let code, let approved, let iccData) = answer else { return completeWithoutIssuer() }
        issuerApproved = approved
        scripts = IssuerScript.scripts(in: iccData)
        // Data that cannot be read authenticates nobody; the answer itself stands.
        let objects = (try? BERTLV.parse(iccData)) ?? []
        let ownCode = objects.first(0x8A)?.value
        data.set(0x8A, code.count == 2 ? code : ownCode?.count == 2 ? ownCode ?? [] : Array((approved ? "00" : "05").utf8))
        guard let authentication = objects.first(0x91)?.value, (8...16).contains(authentication.count) else {
            return performScripts(.beforeFinalCryptogram)
        }
        data.set(0x91, authentication)
        // 10.9: EXTERNAL AUTHENTICATE if the AIP says so; else the card may ask for 91 in CDOL2.
        guard profile.contains(.issuerAuthenticationSupported) else { return performScripts(.beforeFinalCryptogram) }
        return transmit(CommandAPDU(0x00, 0x82, 0x00, 0x00, data: authentication), then: .issuerAuthentication)
    }

    mutating func issuerAuthenticationAnswered(_ response: ResponseAPDU) -> [KernelAction] {
        statusInformation.insert(.issuerAuthenticationPerformed)
        // 10.9: any status but 9000 is a failure, and the card decides what follows from it.
        if response.status != .success { verificationResults.insert(.issuerAuthenticationFailed) }
        return performScripts(.beforeFinalCryptogram)
    }
}
