import Keys
import SmartCard

/// Application cryptograms.
extension EMVCardMachine {
    /// 9F27, bits 8 and 7 (EMV 4.4 Book 3, table 15).
    enum CryptogramType: UInt8, Sendable {
        case declined = 0x00
        case approved = 0x40
        case online = 0x80
    }

    /// GENERATE AC (Book 3, 6.5.5): P1 bits 8 and 7 what the terminal asks for, bit 5 a CDA signature.
    mutating func generateAC(_ command: CommandAPDU) -> ResponseAPDU {
        guard let asked = CryptogramType(rawValue: command.p1 & 0xC0), command.p2 == 0 else {
            return ResponseAPDU(status: .incorrectParameters)
        }
        guard let application else { return ResponseAPDU(status: .conditionsNotSatisfied) }
        signatureRequested = command.p1 & 0x10 != 0 && application.supports.contains(.cda)
        switch phase {
        case .initiated:
            guard command.data.count == application.cdol1.dataLength else { return ResponseAPDU(status: .wrongLength) }
            transaction.take(command.data, by: application.cdol1)
            return cryptogram(first(asked, application), isFirst: true, application)
        case .awaitingIssuer:
            // A second ARQC does not exist (Book 3, 9.3).
            guard asked != .online else { return ResponseAPDU(status: .conditionsNotSatisfied) }
            guard command.data.count == application.cdol2.dataLength else { return ResponseAPDU(status: .wrongLength) }
            transaction.take(command.data, by: application.cdol2)
            takeIssuerAnswer(application)
            return cryptogram(second(asked, application), isFirst: false, application)
        case .idle, .directory, .selected, .finished: return ResponseAPDU(status: .conditionsNotSatisfied)
        }
    }

    /// The card may be stricter than the terminal, never laxer (Book 3, 9.3).
    private func first(_ asked: CryptogramType, _ application: PersonalisedCard.Application) -> CryptogramType {
        // Book 3, 6.5.1: a blocked application gives AACs only.
        guard !memory.isBlocked else { return .declined }
        let decision: CardProfile.Decision
        switch asked {
        case .declined: return .declined
        case .approved: decision = application.firstApproval
        case .online: decision = application.onlineRequest == .decline ? .decline : .online
        }
        switch decision {
        case .approve: return .approved
        case .online: return .online
        case .decline: return .declined
        }
    }

    private func second(_ asked: CryptogramType, _ application: PersonalisedCard.Application) -> CryptogramType {
        guard asked == .approved, !memory.isBlocked, application.secondApproval == .approve else { return .declined }
        switch transaction.issuerAuthentication {
        case .passed: return .approved
        case .failed: return .declined
        case .notPerformed: return application.issuerAuthenticationMandatory ? .declined : .approved
        }
    }

    /// ARC Y3 and Z3 are the terminal's own (Book 4, A6). An application that asks for 91 in its CDOL2 authenticates the issuer here (Book 3,
    /// 10.9).
    private mutating func takeIssuerAnswer(_ application: PersonalisedCard.Application) {
        let code = transaction.value(.init(0x8A, 2))
        transaction.unableToGoOnline = code == Array("Y3".utf8) || code == Array("Z3".utf8)
        guard transaction.issuerAuthentication == .notPerformed, !transaction.unableToGoOnline,
            let entry = application.cdol2.entries.first(where: { $0.tag == 0x91 })
        else { return }
        let data = transaction.value(entry)
        if data.contains(where: { $0 != 0 }) { authenticateIssuer(data) }
    }

    private mutating func cryptogram(
        _ type: CryptogramType, isFirst: Bool, _ application: PersonalisedCard.Application
    ) -> ResponseAPDU {
        let counter = memory.transactionCounter
        let issuerData = issuerApplicationData(type, isFirst: isFirst, application)
        let version = application.cryptogramVersion
        let input =
            CryptogramVersion.terminalData.flatMap { transaction.value($0) } + application.interchangeProfile + counter.bytes
            + version.part(of: issuerData)
        guard let key = try? version.key(cardKey: application.masterKey, transactionCounter: counter),
            let cryptogram = try? version.cryptogram(over: input, key: key)
        else { return ResponseAPDU(status: .noPreciseDiagnosis) }
        switch type {
        case .online:
            transaction.requestCryptogram = cryptogram
            remember { $0.lastOnlineIncomplete = true }
            phase = .awaitingIssuer
        case .approved, .declined:
            if !isFirst, !transaction.unableToGoOnline {
                remember {
                    $0.lastOnlineIncomplete = false
                    if type == .approved { $0.lastOnlineCounter = counter }
                }
            }
            phase = .finished
        }
        if signatureRequested, type != .declined { return signed(type, cryptogram, issuerData, application) }
        return .success(
            application.responseFormat == 1
                ? BERTLV(0x80, [type.rawValue] + counter.bytes + cryptogram + issuerData)
                : BERTLV(
                    0x77,
                    [
                        BERTLV(0x9F27, [type.rawValue]), BERTLV(0x9F36, counter.bytes), BERTLV(0x9F26, cryptogram),
                        BERTLV(0x9F10, issuerData),
                    ]))
    }

    /// CDA (Book 2, 6.6.1): always format 2, the cryptogram inside the signature.
    private mutating func signed(
        _ type: CryptogramType, _ cryptogram: [UInt8], _ issuerData: [UInt8], _ application: PersonalisedCard.Application
    ) -> ResponseAPDU {
        let objects = [
            BERTLV(0x9F27, [type.rawValue]), BERTLV(0x9F36, memory.transactionCounter.bytes), BERTLV(0x9F10, issuerData),
        ]
        guard let key = application.key, let number = random(8), number.count == 8,
            let hash = try? Digest.sha1(transaction.sent + objects.encoded),
            let signature = try? key.signDynamicData(
                [UInt8(number.count)] + number + [type.rawValue] + cryptogram + hash, terminalData: transaction.value(.init(0x9F37, 4)))
        else { return ResponseAPDU(status: .noPreciseDiagnosis) }
        transaction.dynamicNumber = number
        transaction.signedDynamically = true
        return .success(BERTLV(0x77, objects + [BERTLV(0x9F4B, signature)]))
    }

    /// 9F10 as Visa lays it out for CVN 10 and 18: `06 DKI CVN 03 CVR(3)`, key index 1.
    private func issuerApplicationData(
        _ type: CryptogramType, isFirst: Bool, _ application: PersonalisedCard.Application
    ) -> [UInt8] {
        // CVR byte 2, bits 8-7 the second answer (10: not asked), bits 6-5 the first.
        var verification: UInt8 = isFirst ? 0x80 | type.rawValue >> 2 : type.rawValue | CryptogramType.online.rawValue >> 2
        if transaction.issuerAuthentication == .failed { verification |= 0x08 }
        if let verified = transaction.pinVerified { verification |= verified ? 0x04 : 0x06 }
        if !isFirst, transaction.unableToGoOnline { verification |= 0x01 }
        var history: UInt8 = 0
        if isFirst, memory.lastOnlineIncomplete { history |= 0x80 }
        if memory.pinTries == 0 { history |= 0x40 }
        if memory.lastIssuerAuthenticationFailed { history |= 0x08 }
        if !isFirst, !transaction.unableToGoOnline, transaction.issuerAuthentication == .notPerformed { history |= 0x04 }
        return [
            0x06, 0x01, application.cryptogramVersion.rawValue, 0x03, verification, history, transaction.signedDynamically ? 0x02 : 0x00,
        ]
    }
}
