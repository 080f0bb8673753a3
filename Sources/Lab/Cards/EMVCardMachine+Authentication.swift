import Keys
import SmartCard

/// GET PROCESSING OPTIONS and what may come between it and the first cryptogram.
extension EMVCardMachine {
    /// GET PROCESSING OPTIONS (EMV 4.4 Book 3, 6.5.8): `83 length values` by the PDOL. Begins the transaction and counts it.
    mutating func getProcessingOptions(_ command: CommandAPDU) -> ResponseAPDU {
        guard command.p1 == 0, command.p2 == 0 else { return ResponseAPDU(status: .incorrectParameters) }
        guard phase == .selected, let application, memory.transactionCounter < .max else {
            return ResponseAPDU(status: .conditionsNotSatisfied)
        }
        guard let objects = try? BERTLV.parse(command.data), objects.count == 1, let options = objects.first(0x83) else {
            return ResponseAPDU(status: command.data.isEmpty ? .wrongLength : .incorrectData)
        }
        guard options.content.count == application.pdol.dataLength else { return ResponseAPDU(status: .wrongLength) }
        remember { $0.transactionCounter += 1 }
        transaction = CardTransaction()
        transaction.take(options.value, by: application.pdol)
        phase = .initiated
        let profile = application.interchangeProfile
        return .success(
            application.responseFormat == 1
                ? BERTLV(0x80, profile + application.fileLocator)
                : BERTLV(0x77, [BERTLV(0x82, profile), BERTLV(0x94, application.fileLocator)]))
    }

    /// GET CHALLENGE (Book 3, 6.5.6): eight random bytes.
    mutating func getChallenge(_ command: CommandAPDU) -> ResponseAPDU {
        guard command.p1 == 0, command.p2 == 0 else { return ResponseAPDU(status: .incorrectParameters) }
        guard command.data.isEmpty else { return ResponseAPDU(status: .wrongLength) }
        guard selected != nil else { return ResponseAPDU(status: .conditionsNotSatisfied) }
        guard let challenge = random(8), challenge.count == 8 else { return ResponseAPDU(status: .noPreciseDiagnosis) }
        transaction.challenge = challenge
        return ResponseAPDU(data: challenge, status: .success)
    }

    /// INTERNAL AUTHENTICATE (Book 3, 6.5.9): signs a number of its own and the terminal's data (Book 2, 6.5.1).
    mutating func internalAuthenticate(_ command: CommandAPDU) -> ResponseAPDU {
        guard command.p1 == 0, command.p2 == 0 else { return ResponseAPDU(status: .incorrectParameters) }
        guard phase == .initiated, let application else { return ResponseAPDU(status: .conditionsNotSatisfied) }
        guard let key = application.key, application.supports.contains(.dda) else { return ResponseAPDU(status: .instructionNotSupported) }
        // 9F49 asks for 9F37 alone.
        guard command.data.count == 4 else { return ResponseAPDU(status: .wrongLength) }
        guard let number = random(8), number.count == 8,
            let signature = try? key.signDynamicData([UInt8(number.count)] + number, terminalData: command.data)
        else { return ResponseAPDU(status: .noPreciseDiagnosis) }
        transaction.dynamicNumber = number
        transaction.signedDynamically = true
        return .success(application.responseFormat == 1 ? BERTLV(0x80, signature) : BERTLV(0x77, [BERTLV(0x9F4B, signature)]))
    }

    /// EXTERNAL AUTHENTICATE (Book 3, 6.5.4): ARPC and ARC; once in a transaction, after an ARQC.
    mutating func externalAuthenticate(_ command: CommandAPDU) -> ResponseAPDU {
        guard command.p1 == 0, command.p2 == 0 else { return ResponseAPDU(status: .incorrectParameters) }
        guard let application else { return ResponseAPDU(status: .conditionsNotSatisfied) }
        guard application.supports.contains(.issuerAuthentication) else { return ResponseAPDU(status: .instructionNotSupported) }
        guard phase == .awaitingIssuer, transaction.issuerAuthentication == .notPerformed else {
            return ResponseAPDU(status: .conditionsNotSatisfied)
        }
        guard (8...16).contains(command.data.count) else { return ResponseAPDU(status: .wrongLength) }
        authenticateIssuer(command.data)
        return ResponseAPDU(status: transaction.issuerAuthentication == .passed ? .success : .authenticationFailed)
    }

    /// Checks the value of 91: ARPC(8) | ARC(2), method 1 (Book 2, 8.2.1).
    mutating func authenticateIssuer(_ data: [UInt8]) {
        transaction.issuerAuthentication = .failed
        guard data.count >= 10, let application, let request = transaction.requestCryptogram,
            let key = try? application.cryptogramVersion.key(
                cardKey: application.masterKey, transactionCounter: memory.transactionCounter),
            let expected = try? CardCryptography.responseCryptogram(request, code: Array(data[8..<10]), key: key)
        else { return }
        if constantTimeEqual(expected, Array(data.prefix(8))) { transaction.issuerAuthentication = .passed }
        let failed = transaction.issuerAuthentication == .failed
        remember { $0.lastIssuerAuthenticationFailed = failed }
    }
}
