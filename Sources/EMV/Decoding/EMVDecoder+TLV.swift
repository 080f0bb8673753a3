import Hex
import Keys
import SmartCard

extension EMVDecoder {
    /// Data objects with their names, those inside indented below.
    static func objects(_ bytes: [UInt8], depth: Int) throws(DecodingFailure) -> [DecodedObject.Line] {
        let objects: [BERTLV]
        do throws(SmartCardError) { objects = try BERTLV.parse(bytes) } catch {
            throw DecodingFailure(.malformed, "no TLV: \(error.message)")
        }
        guard !objects.isEmpty else { throw DecodingFailure(.malformed, "no TLV: nothing but padding") }
        let mask = CardDataMask(objects)
        return objects.flatMap { lines($0, mask, depth: depth) }
    }

    static func response(_ bytes: [UInt8], depth: Int) throws(DecodingFailure) -> [DecodedObject.Line] {
        guard bytes.count >= 2 else { throw DecodingFailure(.length, "a response has at least the two bytes of the status word") }
        let data = Array(bytes.dropLast(2))
        return (data.isEmpty ? [] : try objects(data, depth: depth))
            + [statusWord(bytes[bytes.count - 2], bytes[bytes.count - 1], depth: depth)]
    }

    private static func lines(_ object: BERTLV, _ mask: CardDataMask, depth: Int) -> [DecodedObject.Line] {
        let count = object.content.count
        let element = DataDictionary[object.tag] ?? DataDictionary.foreign[object.tag]
        let head = "\(object.tag) (\(count) byte\(count == 1 ? "" : "s")) \(element?.name ?? "unknown tag")"
        if object.tag.isConstructed {
            return [.init(depth: depth, text: head)] + object.children.flatMap { lines($0, mask, depth: depth + 1) }
        }
        guard count > 0 else { return [.init(depth: depth, text: "\(head): empty")] }
        let value = object.value
        if let masked = mask.masked(value, of: object.tag, element) { return [.init(depth: depth, text: "\(head): \(masked)")] }
        let line = DecodedObject.Line(depth: depth, text: "\(head): \(value.hex)\(characters(value, element?.format))")
        guard let kind = DecodedObject.Kind.ofValue(object.tag) else { return [line] }
        do throws(DecodingFailure) { return [line] + (try lines(value, as: kind, depth: depth + 1)) } catch {
            return [line, .init(depth: depth + 1, text: "not decoded: \(error.message)")]
        }
    }

    /// The text of a value that is text. Only printable ASCII is shown: nothing a card sends can steer the screen.
    private static func characters(_ value: [UInt8], _ format: DataElement.Format?) -> String {
        let isText =
            switch format {
            case .alphabetic, .alphanumeric, .alphanumericSpecial: true
            // A directory's name, a BIC: text in an element that need not be.
            default: value.count >= 4
            }
        guard isText, value.allSatisfy({ (0x20...0x7E).contains($0) }) else { return "" }
        return " \"\(String(decoding: value, as: UTF8.self))\""
    }
}

/// Which values are not shown (PCI DSS 3.4.1), and what is shown instead.
private struct CardDataMask {
    /// Digits of the account numbers in these objects, as hexadecimal text has them.
    private let accountNumbers: [String]

    init(_ objects: [BERTLV]) {
        var found: Set<String> = []
        func collect(_ objects: [BERTLV]) {
            for object in objects {
                if let number = CardDataMask.accountNumber(object.value, of: object.tag) { found.insert(number) }
                collect(object.children)
            }
        }
        collect(objects)
        // Shorter ones would be found where they are not.
        accountNumbers = found.filter { $0.utf8.count >= 12 }
    }

    func masked(_ value: [UInt8], of tag: TagNumber, _ element: DataElement?) -> String? {
        if let number = CardDataMask.accountNumber(value, of: tag), let pan = PAN(number) {
            return "masked, PAN \(AccountMask.maskedManual(pan))"
        }
        if element?.isCardData == true { return "masked" }
        // The public keys that anybody has recover the PAN from these (EMV 4.4 Book 2, tables 14 and 23).
        if tag == 0x9F46 || tag == 0x9F2D { return "masked, a certificate of the PAN" }
        // A script may carry a PIN or keys.
        if tag == 0x86 { return value.count > 5 ? "\(value.prefix(4).hex), its data masked" : value.hex }
        let text = value.hex
        let characters = String(decoding: value, as: UTF8.self)
        if accountNumbers.contains(where: { text.contains($0) || characters.contains($0) }) { return "masked, holds the PAN" }
        if element == nil || CardDataMask.free.contains(tag), CardDataMask.mayHoldAccountNumber(value) { return "masked, may hold a PAN" }
        return nil
    }

    /// Known tags in which an issuer or a reader may put anything.
    private static let free: Set<TagNumber> = [0x80, 0x83, 0x9F6E, 0x9F7C]

    /// The digits in front of the padding of 5A (format cn) or of the field separator D of 57 and 9F6B; `nil` when they are no PAN.
    private static func accountNumber(_ value: [UInt8], of tag: TagNumber) -> String? {
        guard tag == 0x5A || tag == 0x57 || tag == 0x9F6B else { return nil }
        let digits = value.hex.prefix { ("0"..."9").contains($0) }
        // Track 2 without separator: how far the number goes is not known.
        guard tag == 0x5A || digits.utf8.count < value.count * 2 else { return nil }
        return PAN(digits) == nil ? nil : String(digits)
    }

    /// Whether 13 to 19 digits in a row, two in a byte or as characters, pass the Luhn check.
    private static func mayHoldAccountNumber(_ value: [UInt8]) -> Bool {
        let nibbles = value.flatMap { [$0 >> 4, $0 & 0x0F] }
        let characters = value.map { (0x30...0x39).contains($0) ? $0 - 0x30 : 0xFF }
        return [nibbles, characters].contains { all in
            all.split { $0 > 9 }.contains { run in
                run.indices.contains { start in
                    guard run[start] != 0, run.endIndex - start >= 13 else { return false }
                    return (13...min(19, run.endIndex - start)).contains { count in
                        passesLuhn(String(decoding: run[start..<start + count].map { $0 + 0x30 }, as: UTF8.self))
                    }
                }
            }
        }
    }
}
