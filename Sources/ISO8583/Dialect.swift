import Keys

/// What an acquirer's messages look like and mean, as read from a dialect file: field table, encodings, message types, presence, codes.
/// A new acquirer is a new file.
public struct Dialect: Sendable {
    public var name: String
    public var header: LengthHeader
    /// ascii, ebcdic or bcd.
    public var mtiEncoding: FieldEncoding
    public var bitmapEncoding: BitmapEncoding
    public var mac: MACRules
    /// By field number, 2…128.
    public var fields: [Int: FieldDefinition]
    /// By MTI.
    public var messages: [String: MessageDefinition]
    /// By the value of field 39.
    public var actionCodes: [String: ActionCode]
    /// For codes that the table does not have.
    public var unknownActionCode: ActionCode
    /// Names of the elements of field 48 by tag.
    public var privateElements: [String: String]
    /// Point of service fields by number: their positions in order.
    public var pointOfService: [Int: [PointOfServicePosition]]
    /// Where the dialect puts what other editions put elsewhere.
    public var placement: Placement
    /// MTI by that of the 1993 edition, in whose terms requests are made; a type that is not listed is the same.
    public var messageTypes: [String: String]
    /// Reason codes of reversals and advices by those of the 1993 edition; a code that is not listed is the same.
    public var reasonCodes: [String: String]
    /// Fields with the same value in every message that has a place for them: what an acquirer assigns once, such as a network identifier.
    public var constants: [Int: String]
    /// Values of `placement.functionCode` and `.networkFunction` by what is asked: reversal, reconciliation,
    /// signOn, signOff, keyChange, echo.
    public var functionCodes: [String: String]
    /// MTI of network messages.
    public var networkRequest: String
    /// Echoes of an answer that must be right for it to be believed: a part of what the message definitions list, because hosts are known to put
    /// values of their own in some of the others.
    public var verifiedEchoes: Set<Int>
    /// Amount types of field 54 by meaning: cashback, tip, surcharge, tax, availableBalance.
    public var amountTypes: [String: String]
    public var options: Options

    public enum BitmapEncoding: String, Sendable, CaseIterable { case binary, hex }

    /// Field 64 or 128, whichever is last.
    public struct MACRules: Sendable, Hashable {
        public enum Algorithm: String, Sendable, CaseIterable {
            case none
            /// AES-CMAC (NIST SP 800-38B), the first 8 bytes, over everything before the field.
            case aesCMAC = "aes-cmac"
            /// ANSI X9.19 with zeros as padding, 8 bytes, over everything before the field; a 16-byte TDES key.
            case retail = "retail-mac"
        }
        public var algorithm: Algorithm
        public init(algorithm: Algorithm) { self.algorithm = algorithm }
        /// Bytes of the field.
        public static let byteCount = 8

        /// Bytes of the keys that fit; none without a MAC.
        public var keyLengths: [Int] {
            switch algorithm {
            case .none: []
            case .aesCMAC: [16, 24, 32]
            case .retail: [16]
            }
        }

        /// The MAC of `bytes`; empty without one.
        public func code(for bytes: some Collection<UInt8>, key: SecretBytes) throws(KeysError) -> [UInt8] {
            switch algorithm {
            case .none: []
            case .aesCMAC: try CMAC.code(for: bytes, key: key, length: Self.byteCount)
            case .retail: try RetailMAC.code(for: bytes, key: key, padding: .zeros, length: Self.byteCount)
            }
        }
    }

    public struct Options: Sendable, Hashable {
        /// Seconds after which an early 914 to a reversal is sent once more; `nil`: 914 is final at once.
        public var unknownOriginalFinalAfter: Int?
        public init(unknownOriginalFinalAfter: Int? = nil) { self.unknownOriginalFinalAfter = unknownOriginalFinalAfter }
    }

    /// Presence of fields in one message type. Fields in none of the lists are let through in what is received and refused in what is sent.
    public struct MessageDefinition: Sendable, Hashable {
        public var name: String
        /// MTI of the answer; `nil` for answers.
        public var answer: String?
        /// MTI of the repeat; `nil` when the message is never repeated.
        public var `repeat`: String?
        public var mandatory: Set<Int>
        public var optional: Set<Int>
        /// Must be in an answer whenever the request has them, with the same value.
        public var echo: Set<Int>

        public init(
            name: String, answer: String? = nil, repeat: String? = nil, mandatory: Set<Int> = [], optional: Set<Int> = [],
            echo: Set<Int> = []
        ) {
            self.name = name
            self.answer = answer
            self.repeat = `repeat`
            self.mandatory = mandatory
            self.optional = optional
            self.echo = echo
        }
    }

    /// What a value of field 39 means.
    public struct ActionCode: Sendable, Hashable {
        public enum Meaning: String, Sendable, CaseIterable { case approved, partial, accepted, declined }
        /// Two characters for POS and card (EMV 8A).
        public var responseCode: String
        public var text: String
        public var meaning: Meaning
        /// What the code says in the answer to a reversal, as an action code of the 1993 edition (400 accepted, 913 repeated, 914 unknown);
        /// `nil`: the code itself. For editions that answer everything with the same codes.
        public var reversalCode: String?
        /// The same in the answer to a reconciliation: 500 balanced, 501 not.
        public var reconciliationCode: String?

        public init(
            responseCode: String, text: String, meaning: Meaning, reversalCode: String? = nil, reconciliationCode: String? = nil
        ) {
            self.responseCode = responseCode
            self.text = text
            self.meaning = meaning
            self.reversalCode = reversalCode
            self.reconciliationCode = reconciliationCode
        }

        /// Whether it acknowledges an advice.
        public var acceptsAdvice: Bool { meaning == .accepted || reversalCode == Self.reversalAccepted }

        /// ISO 8583:1993, annex A.1: "accepted" in the answer to a reversal.
        static let reversalAccepted = "400"
    }

    public func action(_ code: String) -> ActionCode { actionCodes[code] ?? unknownActionCode }

    /// The dialect's own MTI of what the 1993 edition calls `mti`.
    public func messageType(_ mti: String) -> String { messageTypes[mti] ?? mti }

    /// MTI of the answer to `mti`; a repeat (odd last digit) is answered as the first was.
    public func answer(to mti: String) -> String? {
        messages[mti]?.answer ?? messages.first { $0.value.repeat == mti }?.value.answer
    }

    /// The definition of `mti`, that of the first message for a repeat.
    public func definition(of mti: String) -> MessageDefinition? { messages[mti] ?? messages.first { $0.value.repeat == mti }?.value }
}
