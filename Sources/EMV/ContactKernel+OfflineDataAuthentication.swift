import SmartCard

/// Offline data authentication before terminal action analysis (EMV 4.4 Book 3, 10.3).
extension ContactKernel {
    mutating func authenticateOffline() -> [KernelAction] {
        authentication.method = OfflineDataAuthentication.Method(profile: profile, capabilities: terminal.capabilities)
        guard let method = authentication.method else {
            // 10.3: no method both sides support, so none is performed.
            verificationResults.insert(.offlineDataAuthenticationNotPerformed)
            return processApplication()
        }
        if method == .static { verificationResults.insert(.sdaSelected) }
        guard let chain = certificateChain else { return finish(.terminated, .malformedData) }
        do throws(AuthenticationFailure) {
            switch method {
            case .static:
                data.set(0x9F45, try chain.dataAuthenticationCode())
                statusInformation.insert(.offlineDataAuthenticationPerformed)
            case .dynamic:
                authentication.cardKey = try chain.cardKey()
                return internalAuthenticate()
            case .combined: authentication.cardKey = try chain.cardKey()
            }
        } catch {
            authenticationFailed(error)
        }
        return processApplication()
    }

    /// `nil` without an account number.
    var certificateChain: CertificateChain? {
        accountNumber.map {
            CertificateChain(
                authorities: authorities, rid: Array((candidate?.aid ?? []).prefix(5)), date: transaction.date, pan: $0, data: data,
                signedRecords: authentication.signedRecords)
        }
    }

    /// TVR and TSI of a method that was performed and failed. Data that is missing has a bit of its own (Book 3, 7.2).
    mutating func authenticationFailed(_ failure: AuthenticationFailure) {
        guard let method = authentication.method else { return }
        verificationResults.insert(method.failed)
        if failure == .missingData { verificationResults.insert(.iccDataMissing) }
        statusInformation.insert(.offlineDataAuthenticationPerformed)
        authentication.cardKey = nil
    }

    // MARK: DDA (Book 2, 6.5)

    /// 6.5.1: with the card's DDOL or the terminal's default one, either of which must ask for the unpredictable number.
    private mutating func internalAuthenticate() -> [KernelAction] {
        guard let list = try? DataObjectList.parse(data.bytes(0x9F49) ?? terminal.defaultDDOL), list.contains(0x9F37),
            list.dataLength <= 255
        else {
            authenticationFailed(.failed)
            return processApplication()
        }
        setResults()
        authentication.challenge = data.data(for: list)
        return transmit(
            CommandAPDU(0x00, 0x88, 0x00, 0x00, data: authentication.challenge, expectedLength: 256), then: .dynamicAuthentication)
    }

    mutating func internalAuthenticateAnswered(_ response: ResponseAPDU) -> [KernelAction] {
        // Book 3, 6.3.5: a status the command does not have ends the session.
        guard response.status == .success else { return finish(.terminated, .cardCommandFailed) }
        // 6.5.9.4: format 1 is the signature alone, format 2 has it as 9F4B.
        guard let objects = try? BERTLV.parse(response.data), objects.count == 1, let template = objects.first,
            template.tag == 0x80 || template.tag == 0x77
        else { return finish(.terminated, .malformedData) }
        do throws(AuthenticationFailure) {
            guard let signature = template.tag == 0x80 ? template.value : template.first(0x9F4B)?.value else { throw .missingData }
            guard let key = authentication.cardKey else { throw .failed }
            let signed = try SignedDynamicData(signature, key: key, terminalData: authentication.challenge)
            data.set(0x9F4C, signed.dynamicNumber)
            statusInformation.insert(.offlineDataAuthenticationPerformed)
        } catch {
            authenticationFailed(error)
        }
        return processApplication()
    }
}
