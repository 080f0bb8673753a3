import SmartCard

/// What EMV bytes say, line by line, for a person to read. Card data is masked: safe to show, not to be taken for the bytes themselves.
public struct DecodedObject: Sendable, Hashable {
    /// What bytes can be decoded as; the raw values are what a person types.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case tlv
        case atr
        case statusWord = "sw"
        /// TLV followed by a status word, as a card answers.
        case response
        case dataObjectList = "dol"
        case terminalVerificationResults = "tvr"
        case transactionStatusInformation = "tsi"
        case cvmResults = "cvm-results"
        case cvmList = "cvm-list"
        case applicationInterchangeProfile = "aip"
        case applicationFileLocator = "afl"
        case applicationUsageControl = "auc"
        case cryptogramInformation = "cid"
        case terminalCapabilities = "terminal-capabilities"
        case additionalTerminalCapabilities = "additional-terminal-capabilities"
        case terminalType = "terminal-type"
        case transactionType = "transaction-type"
    }

    public struct Line: Sendable, Hashable {
        /// Levels of indentation.
        public var depth: Int
        public var text: String
    }

    public let kind: Kind
    /// The kind was not asked for but concluded from the bytes.
    public let isGuess: Bool
    public let lines: [Line]

    /// The lines, two spaces for each level; a guess is said in front.
    public var text: String {
        let guess = isGuess ? ["Taken for \(kind.title); --as chooses otherwise."] : []
        return (guess + lines.map { String(repeating: "  ", count: $0.depth) + $0.text }).joined(separator: "\n")
    }
}

extension DecodedObject.Kind {
    /// Its name and where it is defined.
    public var title: String {
        switch self {
        case .tlv: "data objects (EMV 4.4 Book 3, Annex B)"
        case .atr: "an answer to reset (ISO/IEC 7816-3, 8; EMV Level 1, 8)"
        case .statusWord: "a status word (ISO/IEC 7816-4, 5.6; EMV 4.4 Book 3, 6.3.5)"
        case .response: "a response: data objects and a status word (EMV 4.4 Book 3, 6.2)"
        case .dataObjectList: "a data object list (EMV 4.4 Book 3, 5.4)"
        case .cvmResults: "CVM Results (EMV 4.4 Book 4, A4)"
        case .cvmList: "a CVM List (EMV 4.4 Book 3, 10.5 and C3)"
        case .applicationFileLocator: "an Application File Locator (EMV 4.4 Book 3, 10.2)"
        case .cryptogramInformation: "Cryptogram Information Data (EMV 4.4 Book 3, 6.5.5.4)"
        case .terminalType: "a Terminal Type (EMV 4.4 Book 4, A1)"
        case .transactionType: "a Transaction Type (ISO 8583:1987, processing code)"
        default: bitTable.map { "\($0.name) (\($0.source))" } ?? rawValue
        }
    }

    /// The table of its bits, when it is nothing but named bits.
    var bitTable: BitTable? {
        switch self {
        case .terminalVerificationResults: .terminalVerificationResults
        case .transactionStatusInformation: .transactionStatusInformation
        case .applicationInterchangeProfile: .applicationInterchangeProfile
        case .applicationUsageControl: .applicationUsageControl
        case .terminalCapabilities: .terminalCapabilities
        case .additionalTerminalCapabilities: .additionalTerminalCapabilities
        default: nil
        }
    }

    /// Bytes, when there is only one length.
    var fixedLength: Int? {
        switch self {
        case .statusWord: 2
        case .cvmResults: 3
        case .cryptogramInformation, .terminalType, .transactionType: 1
        default: bitTable?.rows.count
        }
    }

    /// How the value of a data object is decoded below its line; `nil` for values that say all by themselves. The issuer action codes have the bits
    /// of the TVR (EMV 4.4 Book 3, 10.7).
    static func ofValue(_ tag: TagNumber) -> Self? { byTag[tag] }

    private static let byTag: [TagNumber: Self] = [
        0x82: .applicationInterchangeProfile, 0x8C: .dataObjectList, 0x8D: .dataObjectList, 0x8E: .cvmList, 0x94: .applicationFileLocator,
        0x95: .terminalVerificationResults, 0x97: .dataObjectList, 0x9B: .transactionStatusInformation, 0x9C: .transactionType,
        0x9F07: .applicationUsageControl, 0x9F0D: .terminalVerificationResults, 0x9F0E: .terminalVerificationResults,
        0x9F0F: .terminalVerificationResults, 0x9F27: .cryptogramInformation, 0x9F33: .terminalCapabilities, 0x9F34: .cvmResults,
        0x9F35: .terminalType, 0x9F38: .dataObjectList, 0x9F40: .additionalTerminalCapabilities, 0x9F49: .dataObjectList,
        0x9F4F: .dataObjectList,
    ]
}

/// Bytes that are not what they were to be decoded as. Holds no value of the card, so it is safe to show and log.
public struct DecodingFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case notHexadecimal = "emv.decode.notHexadecimal"
        case empty = "emv.decode.empty"
        case length = "emv.decode.length"
        case malformed = "emv.decode.malformed"
        /// Nothing that could be guessed.
        case unknown = "emv.decode.unknown"
    }

    public let code: Code
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
