import Keys
import SmartCard

/// The issuer's commands (EMV 4.4 Book 3, 6.5.1 to 6.5.3 and 6.5.10), each with the issuer's MAC over header, ATC, ARQC and data.
extension EMVCardMachine {
    /// What an issuer may command.
    enum IssuerCommand: UInt8 {
        case cardBlock = 0x16
        case applicationUnblock = 0x18
        case applicationBlock = 0x1E
        case pinChangeUnblock = 0x24
    }

    mutating func perform(_ instruction: IssuerCommand, _ command: CommandAPDU) -> ResponseAPDU {
        // An issuer has spoken only after an ARQC.
        guard phase == .awaitingIssuer || phase == .finished, let application, let request = transaction.requestCryptogram else {
            return ResponseAPDU(status: .conditionsNotSatisfied)
        }
        guard application.acceptsScripts else { return ResponseAPDU(status: .conditionsNotSatisfied) }
        guard command.data.count >= ScriptCryptography.macLength else { return ResponseAPDU(status: .secureMessagingDataMissing) }
        let data = Array(command.data.dropLast(ScriptCryptography.macLength))
        let script = ScriptCryptography(
            cardKey: application.scriptKey, requestCryptogram: request, transactionCounter: memory.transactionCounter)
        let header = [command.instructionClass, command.instruction, command.p1, command.p2, UInt8(clamping: command.data.count)]
        guard let expected = try? script.mac(header: header, data: data),
            constantTimeEqual(expected, Array(command.data.suffix(ScriptCryptography.macLength)))
        else { return ResponseAPDU(status: .secureMessagingDataIncorrect) }
        switch (instruction, command.p1, command.p2) {
        case (.cardBlock, 0, 0) where data.isEmpty: isBlocked = true
        case (.applicationBlock, 0, 0) where data.isEmpty: remember { $0.isBlocked = true }
        case (.applicationUnblock, 0, 0) where data.isEmpty: remember { $0.isBlocked = false }
        case (.pinChangeUnblock, 0, 0) where data.isEmpty: remember { $0.pinTries = Self.pinTryLimit }
        case (.pinChangeUnblock, 0, 2):
            guard let new = (try? script.decipher(data)).flatMap(Self.digits(of:)) else { return ResponseAPDU(status: .incorrectData) }
            pin = new
            remember { $0.pinTries = Self.pinTryLimit }
        default: return ResponseAPDU(status: .incorrectParameters)
        }
        return ResponseAPDU(status: .success)
    }
}

/// Secure messaging between issuer and card (EMV 4.4 Book 2, 9 and A1.3): keys of the transaction by the common session key derivation over the
/// request's cryptogram.
struct ScriptCryptography: Sendable {
    static let macLength = 8

    /// The card's master key for scripts.
    let cardKey: SecretBytes
    /// 9F26 of the ARQC.
    let requestCryptogram: [UInt8]
    /// 9F36.
    let transactionCounter: UInt16

    private var sessionKey: SecretBytes {
        get throws(KeysError) { try CardCryptography.sessionKey(cardKey: cardKey, diversifier: requestCryptogram) }
    }

    /// Retail MAC over `header(5) ATC ARQC data`; the header's Lc counts the MAC.
    func mac(header: [UInt8], data: [UInt8]) throws(KeysError) -> [UInt8] {
        try RetailMAC.code(
            for: header + transactionCounter.bytes + requestCryptogram + data, key: try sessionKey, padding: .bit80, length: Self.macLength)
    }

    /// A PIN block as it goes into PIN CHANGE: one block of TDES.
    func encipher(_ block: [UInt8]) throws(KeysError) -> [UInt8] { try TripleDES.encryptECB(block, key: try sessionKey) }
    func decipher(_ block: [UInt8]) throws(KeysError) -> [UInt8] { try TripleDES.decryptECB(block, key: try sessionKey) }

    /// A whole command APDU.
    func command(_ instruction: EMVCardMachine.IssuerCommand, p2: UInt8 = 0, data: [UInt8] = []) throws(KeysError) -> [UInt8] {
        let header = [0x84, instruction.rawValue, 0x00, p2, UInt8(clamping: data.count + Self.macLength)]
        return header + data + (try mac(header: header, data: data))
    }
}

/// What an issuer of the lab can command in a script.
public enum IssuerOrder: Sendable {
    case blockCard, blockApplication, unblockApplication, unblockPIN
    case changePIN(SecretBytes)
}

extension ScriptCryptography {
    func command(_ order: IssuerOrder) throws(KeysError) -> [UInt8] {
        switch order {
        case .blockCard: try command(.cardBlock)
        case .blockApplication: try command(.applicationBlock)
        case .unblockApplication: try command(.applicationUnblock)
        case .unblockPIN: try command(.pinChangeUnblock)
        case .changePIN(let pin): try command(.pinChangeUnblock, p2: 2, data: try encipher(EMVCardMachine.block(pin)))
        }
    }
}

extension StatusWord {
    /// 6987 and 6988 (ISO/IEC 7816-4, 5.6).
    static let secureMessagingDataMissing = StatusWord(0x6987)
    static let secureMessagingDataIncorrect = StatusWord(0x6988)
}
