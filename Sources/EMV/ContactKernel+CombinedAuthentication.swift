import Keys
import SmartCard

/// CDA: dynamic data authentication combined with the application cryptogram (EMV 4.4 Book 2, 6.6).
extension ContactKernel {
    /// Whether GENERATE AC asks for a signature: never for an AAC, and not once CDA has failed (6.6).
    func requestsSignature(for type: CryptogramType) -> Bool {
        authentication.method == .combined && authentication.cardKey != nil && type != .aac
    }

    /// Checks the signature of an answer to a GENERATE AC that asked for one. An AAC has none. False: CDA has failed.
    mutating func verifySignature(of answer: inout ApplicationCryptogram, _ response: ResponseAPDU) -> Bool {
        guard let key = authentication.cardKey, answer.type != .aac else { return true }
        do throws(AuthenticationFailure) {
            guard let signature = answer.signedDynamicData else { throw .failed }
            // 6.6.2, step 6: the unpredictable number is hashed as the terminal has it.
            let signed = try SignedDynamicData(signature, key: key, terminalData: data.bytes(0x9F37) ?? [])
            guard let combined = signed.combined, combined.information == answer.information else { throw .failed }
            // Step 10: PDOL and CDOL values, then the answer's objects but the signature.
            guard let returned = Self.objectsWithoutSignature(response.data),
                (try? Digest.sha1(authentication.transactionData + returned)) == combined.transactionHash
            else { throw .failed }
            answer.cryptogram = combined.cryptogram
            data.set(0x9F4C, signed.dynamicNumber)
            statusInformation.insert(.offlineDataAuthenticationPerformed)
            return true
        } catch {
            authenticationFailed(error)
            authentication.signatureFailed = true
            return false
        }
    }

    /// The objects inside 77 as the card coded them, in its order, without 9F4B.
    static func objectsWithoutSignature(_ response: [UInt8]) -> [UInt8]? {
        guard let objects = try? BERTLV.parse(response), objects.count == 1, let template = objects.first, template.tag == 0x77 else {
            return nil
        }
        let content = template.value
        var returned: [UInt8] = []
        var index = 0
        while index < content.count {
            guard case .object(let object, let end) = BERTLV.read(content, from: index), end > index else { break }
            // Book 3, B1: 00 and FF before an object are no part of it.
            if object.tag != 0x9F4B { returned += content[index..<end].drop { $0 == 0x00 || $0 == 0xFF } }
            index = end
        }
        return returned
    }

    /// 6.6.2: CDA failed with an ARQC: the card is asked for an AAC at once, the issuer is not.
    mutating func declineAfterFailedSignature() -> [KernelAction] {
        data.set(0x8A, "Z1".utf8)
        return generateCryptogram(.aac, list: 0x8D, then: .secondCryptogram(.aac))
    }
}
