import ISO8583
@_spi(ClearPIN) import Keys

/// The issuers behind the lab's cards, as far as online PINs go: opens PIN blocks under DUKPT with the published test keys.
public struct HostPINs: Sendable {
    enum Verdict: Sendable, Equatable { case right, wrong, unusable }

    /// ASCII digits by token.
    private let pins: [String: SecretBytes]
    private let tokens = CardTokens()

    init(_ pins: [(pan: PAN, pin: SecretBytes)]) {
        var byToken: [String: SecretBytes] = [:]
        for (pan, pin) in pins { if let token = tokens.token(of: pan) { byToken[token] = pin } }
        self.pins = byToken
    }

    /// Of the lab's cards.
    public init(_ cards: [CardProfile]) {
        self.init(cards.compactMap { card in card.pin.map { (card.pan, $0) } })
    }

    /// `nil` for a message without a PIN.
    func verdict(on message: Message, _ dialect: Dialect) -> Verdict? {
        guard let field = dialect.placement.securityData, let secret = message.secret(field) else {
            return message.contains(52) ? .unusable : nil
        }
        guard let data = try? SecurityData(secret) else { return .unusable }
        guard let block = data.pinBlock ?? message.secret(52) else { return nil }
        let baseKey = data.scheme == .aesDUKPT ? LabKeys.aesBaseKey : LabKeys.tdesBaseKey
        guard let pan = MaskedCard(message).pan, let serial = try? KeySerialNumber(data.keySerialNumber),
            let entered = try? PINBlock.decipher(block, serial: serial, pan: pan, baseKey: baseKey)
        else { return .unusable }
        let right = tokens.token(of: pan).flatMap { pins[$0] }?.withBytes { PIN(String(decoding: $0, as: UTF8.self)) }
        return right == entered ? .right : .wrong
    }
}
