import Hex
import ISO8583
import Keys
import SmartCard

extension LedgerMessage {
    /// A message as the books may keep it. Card number and tracks keep first six and last four digits, PIN data, expiry and ciphertexts nothing.
    init(_ message: Message, direction: Direction, time: String) {
        let card = MaskedCard(message)
        var fields: [Int: String] = [:]
        for number in message.numbers {
            switch number {
            case 2, 35, 45: fields[number] = card.masked
            case 14, 36, 52, 53: fields[number] = MaskedCard.nothing
            case 48: fields[number] = card.redacting(Self.maskedPrivateData(message.text(48)))
            case 55: fields[number] = card.redacting(Self.maskedChipData(message.bytes(55)))
            default: fields[number] = card.redacting(message.text(number) ?? message.bytes(number)?.hex ?? MaskedCard.nothing)
            }
        }
        self.init(time: time, direction: direction, messageType: message.mti, stan: message.text(11) ?? "", fields: fields)
    }

    /// Only what tells one message from another, and the merchant's own reference.
    init(naming message: Message, direction: Direction, time: String) {
        var fields: [Int: String] = [:]
        for number in [12, 37, 48] { fields[number] = message.text(number) }
        self.init(time: time, direction: direction, messageType: message.mti, stan: message.text(11) ?? "", fields: fields)
    }

    /// Card number, tracks and names, in the chip's tags (EMV 4.4 Book 3, Annex A1; 9F6B Mastercard contactless track 2).
    private static let cardTags: Set<TagNumber> = [0x5A, 0x56, 0x57, 0x5F20, 0x5F24, 0x99, 0x9F0B, 0x9F1F, 0x9F20, 0x9F6B]

    /// 55 in hexadecimal, the values of such tags as `*`.
    private static func maskedChipData(_ bytes: [UInt8]?) -> String {
        guard let bytes, let objects = try? BERTLV.parse(bytes) else { return MaskedCard.nothing }
        return objects.map { object in
            let text = object.encoded.hex
            return cardTags.contains(object.tag) ? object.tag.description + MaskedCard.nothing : text
        }.joined()
    }

    /// 48 without ciphertext (06) and key block (12).
    private static func maskedPrivateData(_ text: String?) -> String {
        guard let text, var elements = try? PrivateElements(text) else { return MaskedCard.nothing }
        for secret in ["06", "12"] where elements[secret] != nil { elements[secret] = MaskedCard.nothing }
        return (try? elements.text()) ?? MaskedCard.nothing
    }
}

/// The card of one message, for those who may see first six and last four digits only.
struct MaskedCard: Sendable {
    static let nothing = "****"
    let pan: PAN?

    /// The card number of 2, 35 (up to the separator), 45 (between format code and first `^`; ISO/IEC 7813) or what a device encrypted (48.06).
    init(_ message: Message) {
        let number = message.secret(2).map(Self.text)
        let track2 = message.secret(35).map { Self.text($0).prefix { $0 != "=" && $0 != "D" } }
        let track1 = message.secret(45).map { Self.text($0).dropFirst().prefix { $0 != "^" } }
        if let text = number.map({ $0[...] }) ?? track2 ?? track1 {
            pan = PAN(text)
        } else if case .readable(let encrypted)? = MagneSafeTracks.card(in: message) {
            pan = encrypted
        } else {
            pan = nil
        }
    }

    /// `476173******0119`; empty without a card.
    var masked: String {
        guard let pan else { return "" }
        guard pan.count > 10 else { return String(repeating: "*", count: pan.count) }
        return pan.firstSix + String(repeating: "*", count: pan.count - 10) + pan.lastFour
    }

    /// `text` without the card number, wherever it may stand in it.
    func redacting(_ text: String) -> String {
        guard let pan else { return text }
        return pan.withDigits { digits in
            let wanted = Array(digits.utf8)
            var bytes = Array(text.utf8)
            guard bytes.count >= wanted.count else { return text }
            for start in 0...(bytes.count - wanted.count) where bytes[start..<start + wanted.count].elementsEqual(wanted) {
                for index in start..<start + wanted.count { bytes[index] = UInt8(ascii: "*") }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private static func text(_ secret: SecretBytes) -> String { secret.withBytes { String(decoding: $0, as: UTF8.self) } }
}
