import Hex
import SmartCard

extension EMVDecoder {
    static func dataObjectList(_ bytes: [UInt8], depth: Int) throws(DecodingFailure) -> [DecodedObject.Line] {
        let list: DataObjectList
        do throws(SmartCardError) { list = try DataObjectList.parse(bytes) } catch {
            throw DecodingFailure(.malformed, "no data object list: \(error.message)")
        }
        return list.entries.map { entry in
            let name = (DataDictionary[entry.tag] ?? DataDictionary.foreign[entry.tag])?.name ?? "unknown tag"
            return .init(depth: depth, text: "\(entry.tag), \(entry.length) byte\(entry.length == 1 ? "" : "s"): \(name)")
        } + [.init(depth: depth, text: "data of \(list.dataLength) bytes in all")]
    }

    static func fileLocator(_ bytes: [UInt8], depth: Int) throws(DecodingFailure) -> [DecodedObject.Line] {
        guard let locator = ApplicationFileLocator(bytes) else {
            throw DecodingFailure(.malformed, "no application file locator: entries of four bytes with SFI 1 to 30 and records from 1 on")
        }
        return locator.entries.map { entry in
            let (first, last) = (entry.records.lowerBound, entry.records.upperBound)
            let records = first == last ? "record \(first)" : "records \(first) to \(last)"
            let signed = entry.authenticated == 0 ? "none" : "the first \(entry.authenticated)"
            return .init(
                depth: depth, text: "SFI \(entry.shortFileIdentifier), \(records), \(signed) of them for offline data authentication")
        }
    }

    /// 9F27 (EMV 4.4 Book 3, 6.5.5.4, table 15).
    static func cryptogramInformation(_ byte: UInt8, depth: Int) -> [DecodedObject.Line] {
        let type =
            switch CryptogramType(rawValue: byte & 0xC0) {
            case .aac: "AAC (declined)"
            case .tc: "TC (approved)"
            case .arqc: "ARQC (asks for the issuer)"
            case nil: "reserved for future use"
            }
        let reason =
            switch byte & 0x07 {
            case 0: "no information given"
            case 1: "service not allowed"
            case 2: "PIN Try Limit exceeded"
            case 3: "issuer authentication failed"
            default: "reserved for future use"
            }
        var lines = [DecodedObject.Line(depth: depth, text: "cryptogram: \(type)")]
        if byte & 0x30 != 0 { lines.append(.init(depth: depth, text: "payment system-specific cryptogram")) }
        lines.append(.init(depth: depth, text: byte & 0x08 == 0 ? "no advice required" : "advice required"))
        lines.append(.init(depth: depth, text: "reason, advice or referral code: \(reason)"))
        return lines
    }

    /// EMV 4.4 Book 4, A1: the tens are the operator, the units environment and capability.
    static func terminalType(_ byte: UInt8, depth: Int) -> [DecodedObject.Line] {
        let operators: [UInt8: String] = [1: "financial institution", 2: "merchant", 3: "cardholder"]
        let environments: [UInt8: String] = [
            1: "attended, online only", 2: "attended, offline with online capability", 3: "attended, offline only",
            4: "unattended, online only",
            5: "unattended, offline with online capability", 6: "unattended, offline only",
        ]
        return [
            .init(depth: depth, text: "operated by: \(operators[byte >> 4] ?? "reserved for future use")"),
            .init(depth: depth, text: "environment: \(environments[byte & 0x0F] ?? "reserved for future use")"),
        ]
    }

    /// 9C: the first two digits of the ISO 8583:1987 processing code.
    static func transactionType(_ byte: UInt8, depth: Int) -> DecodedObject.Line {
        let names: [UInt8: String] = [
            0x00: "purchase (goods and services)", 0x01: "cash withdrawal", 0x02: "debit adjustment", 0x09: "purchase with cashback",
            0x17: "cash advance", 0x20: "refund", 0x21: "deposit", 0x22: "credit adjustment", 0x30: "available funds inquiry",
            0x31: "balance inquiry", 0x40: "transfer", 0x50: "payment",
        ]
        let other =
            switch byte {
            case 0x00...0x19: "a debit"
            case 0x20...0x29: "a credit"
            case 0x30...0x39: "an inquiry"
            case 0x40...0x49: "a transfer"
            default: "reserved or private"
            }
        return .init(depth: depth, text: "transaction type \([byte].hex): \(names[byte] ?? other)")
    }

    static func statusWord(_ sw1: UInt8, _ sw2: UInt8, depth: Int) -> DecodedObject.Line {
        let word = status(sw1, sw2)
        return .init(depth: depth, text: "SW \(word): \(statusNames[word.rawValue] ?? counter(word) ?? general(word))")
    }

    /// 63Cx (ISO/IEC 7816-4, table 6; to VERIFY: tries left, EMV 4.4 Book 3, 6.5.12).
    private static func counter(_ word: StatusWord) -> String? {
        word.rawValue & 0xFFF0 == 0x63C0 ? "warning: counter is \(word.sw2 & 0x0F) (VERIFY: PIN tries left)" : nil
    }

    private static func general(_ word: StatusWord) -> String {
        switch word.meaning {
        case .success: "success"
        case .moreData(let count): "success, \(count) bytes wait for GET RESPONSE"
        case .wrongLength(let count): "wrong length, the command again with Le for \(count) bytes"
        case .warning: "warning: processed, \(word.sw1 == 0x62 ? "the card's memory is unchanged" : "the card's memory may have changed")"
        case .executionError: "execution error"
        case .checkingError: "checking error: the command was refused"
        case .applicationSpecific: "the application's own"
        case .invalid: "no status word: neither 61xx to 6Fxx nor 9xxx"
        }
    }

    /// ISO/IEC 7816-4, tables 6 and 7.
    private static let statusNames: [UInt16: String] = [
        0x6200: "warning: no information given",
        0x6281: "warning: part of the returned data may be corrupted",
        0x6282: "warning: end of file reached before Le bytes were read",
        0x6283: "warning: selected file invalidated (application blocked)",
        0x6300: "warning: authentication failed",
        0x6381: "warning: file filled up by the last write",
        0x6400: "execution error: memory unchanged",
        0x6500: "execution error: memory may have changed",
        0x6581: "execution error: memory failure",
        0x6700: "checking error: wrong length",
        0x6881: "checking error: logical channel not supported",
        0x6882: "checking error: secure messaging not supported",
        0x6981: "checking error: command incompatible with file structure",
        0x6982: "checking error: security status not satisfied",
        0x6983: "checking error: authentication method blocked",
        0x6984: "checking error: referenced data invalidated",
        0x6985: "checking error: conditions of use not satisfied",
        0x6986: "checking error: command not allowed",
        0x6987: "checking error: secure messaging data object missing",
        0x6988: "checking error: secure messaging data object incorrect",
        0x6A80: "checking error: incorrect parameters in the data field",
        0x6A81: "checking error: function not supported (SELECT: card blocked or command not supported)",
        0x6A82: "checking error: file not found",
        0x6A83: "checking error: record not found",
        0x6A84: "checking error: not enough memory in the file",
        0x6A85: "checking error: Lc inconsistent with TLV structure",
        0x6A86: "checking error: incorrect parameters P1 P2",
        0x6A87: "checking error: Lc inconsistent with P1 P2",
        0x6A88: "checking error: referenced data not found",
        0x6B00: "checking error: wrong parameters P1 P2",
        0x6D00: "checking error: instruction code not supported or invalid",
        0x6E00: "checking error: class not supported",
        0x6F00: "checking error: no precise diagnosis",
    ]
}
