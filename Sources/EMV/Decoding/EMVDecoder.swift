import Hex
import SmartCard

/// Decodes for a person what cards and terminals exchange. A function of its input: nothing is kept.
///
/// Card data never comes out: account numbers show their first six and last four digits, other data of card or cardholder only their length.
public enum EMVDecoder {
    /// Hexadecimal text, white space allowed. Throws also when it is none.
    public static func decode(hex text: some StringProtocol, as kind: DecodedObject.Kind? = nil) throws(DecodingFailure) -> DecodedObject {
        guard let bytes = [UInt8](hex: text) else {
            throw DecodingFailure(.notHexadecimal, "not hexadecimal: an odd number of digits, or another character")
        }
        return try decode(bytes, as: kind)
    }

    /// Without a kind it is guessed: an answer to reset begins with 3B or 3F and is one; two bytes 6xxx or 9xxx are a status word; five bytes that
    /// cannot be a data object of the dictionary are a TVR; then data objects, with a status word or without; then a list of known tags and lengths.
    public static func decode(_ bytes: [UInt8], as kind: DecodedObject.Kind? = nil) throws(DecodingFailure) -> DecodedObject {
        guard !bytes.isEmpty else { throw DecodingFailure(.empty, "nothing to decode") }
        if let kind { return DecodedObject(kind: kind, isGuess: false, lines: try lines(bytes, as: kind, depth: 0)) }
        let guessed = try guess(bytes)
        return DecodedObject(kind: guessed, isGuess: true, lines: try lines(bytes, as: guessed, depth: 0))
    }

    static func lines(_ bytes: [UInt8], as kind: DecodedObject.Kind, depth: Int) throws(DecodingFailure) -> [DecodedObject.Line] {
        if let length = kind.fixedLength, bytes.count != length {
            throw DecodingFailure(.length, "\(kind.rawValue) has \(length) byte\(length == 1 ? "" : "s"), not \(bytes.count)")
        }
        if let table = kind.bitTable { return table.lines(bytes, depth: depth) }
        return switch kind {
        case .tlv: try objects(bytes, depth: depth)
        case .response: try response(bytes, depth: depth)
        case .atr: try answerToReset(bytes, depth: depth)
        case .dataObjectList: try dataObjectList(bytes, depth: depth)
        case .cvmList: try cvmList(bytes, depth: depth)
        case .applicationFileLocator: try fileLocator(bytes, depth: depth)
        case .statusWord: [statusWord(bytes[0], bytes[1], depth: depth)]
        case .cvmResults: cvmResults(bytes[0], bytes[1], bytes[2], depth: depth)
        case .cryptogramInformation: cryptogramInformation(bytes[0], depth: depth)
        case .terminalType: terminalType(bytes[0], depth: depth)
        case .transactionType: [transactionType(bytes[0], depth: depth)]
        case .terminalVerificationResults, .transactionStatusInformation, .applicationInterchangeProfile, .applicationUsageControl,
            .terminalCapabilities, .additionalTerminalCapabilities:
            []
        }
    }

    private static func guess(_ bytes: [UInt8]) throws(DecodingFailure) -> DecodedObject.Kind {
        if (try? AnswerToReset.parse(bytes)) != nil { return .atr }
        if bytes.count == 2, status(bytes[0], bytes[1]).meaning != .invalid { return .statusWord }
        if bytes.count == 5, !isDictionaryObject(bytes) { return .terminalVerificationResults }
        if let objects = try? BERTLV.parse(bytes), let last = objects.last {
            // 90 00 behind other objects is rather a status word than an empty issuer certificate.
            return objects.count > 1 && last.tag == 0x90 && last.content.isEmpty ? .response : .tlv
        }
        if isResponse(bytes) { return .response }
        if let list = try? DataObjectList.parse(bytes), list.entries.allSatisfy({ DataDictionary[$0.tag] != nil }) {
            return .dataObjectList
        }
        let candidates = DecodedObject.Kind.allCases.filter { $0.fixedLength == bytes.count }.map(\.rawValue)
        let hint =
            candidates.isEmpty ? "" : "; by its length it could be one of these, chosen with --as: \(candidates.joined(separator: ", "))"
        throw DecodingFailure(.unknown, "\(bytes.count) byte\(bytes.count == 1 ? "" : "s") of no form that can be guessed\(hint)")
    }

    /// Data objects of the dictionary with lengths it allows, and nothing between them.
    private static func isDictionaryObject(_ bytes: [UInt8]) -> Bool {
        guard let objects = try? BERTLV.parse(bytes), !objects.isEmpty, objects.encoded == bytes else { return false }
        return objects.allSatisfy { object in
            !object.content.isEmpty && DataDictionary[object.tag]?.lengths.contains(object.content.count) == true
        }
    }

    private static func isResponse(_ bytes: [UInt8]) -> Bool {
        guard bytes.count > 4 else { return false }
        switch status(bytes[bytes.count - 2], bytes[bytes.count - 1]).meaning {
        case .success, .moreData, .warning: break
        default: return false
        }
        guard let objects = try? BERTLV.parse(Array(bytes.dropLast(2))) else { return false }
        return !objects.isEmpty
    }

    static func status(_ sw1: UInt8, _ sw2: UInt8) -> StatusWord { StatusWord(UInt16(sw1) << 8 | UInt16(sw2)) }
}
