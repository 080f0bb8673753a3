import Keys
import SmartCard

/// A card of the lab before it is personalised: one YAML file in `Profiles`.
public struct CardProfile: Sendable {
    public var name: String
    /// One sentence for people who choose a card.
    public var summary: String
    public var pan: PAN
    /// 5F34; `nil` when the card has none.
    public var panSequenceNumber: Int?
    /// 5F25 and 5F24, YYMMDD.
    public var effective: String
    public var expiry: String
    /// 5F20, 2 to 26 characters.
    public var cardholder: String
    /// 5F30, three digits.
    public var serviceCode: String
    /// Reference PIN of the card and its issuer, 4 to 12 digits.
    public var pin: SecretBytes?
    /// 5F28 and 9F42, three digits (ISO 3166, ISO 4217).
    public var country: String
    public var currency: String
    /// 42, six digits, by which a card says that its applications are of one issuer; `nil` when it does not.
    public var issuerIdentification: String?
    /// 5F2D.
    public var language: String
    /// Whether the card has a directory `1PAY.SYS.DDF01` (EMV 4.4 Book 1, 12.2).
    public var paymentSystemEnvironment: Bool
    /// SELECT answers 6A81 for everything.
    public var blocked: Bool
    public var chip: Chip
    /// Empty on a card without a working chip.
    public var applications: [Application]

    public struct Application: Sendable {
        public var aid: [UInt8]
        public var label: String
        public var preferredName: String?
        /// 87, low four bits: 1 is the highest.
        public var priority: UInt8
        /// The cardholder must confirm (87, bit 8).
        public var confirmation: Bool
        /// SELECT answers 6283.
        public var blocked: Bool
        public var pdol: DataObjectList
        public var cdol1: DataObjectList
        public var cdol2: DataObjectList
        public var supports: Set<Feature>
        /// 8E.
        public var cvmList: [UInt8]
        /// 9F0D, 9F0E, 9F0F.
        public var actionCodeDefault: [UInt8]
        public var actionCodeDenial: [UInt8]
        public var actionCodeOnline: [UInt8]
        /// 9F07.
        public var usageControl: [UInt8]
        /// 9F08.
        public var version: [UInt8]
        var cryptogramVersion: CryptogramVersion
        /// Answers to GET PROCESSING OPTIONS, GENERATE AC and INTERNAL AUTHENTICATE in format 1 (80) or 2 (77).
        public var responseFormat: Int
        var keys: KeySet
        /// What a TC asked for with the first GENERATE AC gets.
        public var firstApproval: Decision
        /// What an ARQC asked for gets; `approve` makes no sense there.
        public var onlineRequest: Decision
        /// What a TC asked for with the second GENERATE AC gets.
        public var secondApproval: Decision
        /// Whether a TC after an online answer needs issuer authentication that succeeded.
        public var issuerAuthenticationMandatory: Bool
        /// What is wrong with its certificates or signatures; `nil` for nothing.
        public var fault: Fault?
        /// The card falls mute when it gets this.
        public var muteAt: Instruction?
        /// Whether issuer scripts with a right MAC are performed; otherwise every command of them is refused.
        public var acceptsScripts: Bool
        /// 9F14 and 9F23; `nil` for a card without velocity checking.
        public var offlineLimits: (lower: UInt8, upper: UInt8)?
    }

    /// Bits of the application interchange profile, byte 1 (EMV 4.4 Book 3, C1).
    public enum Feature: String, Sendable, CaseIterable {
        case sda, dda, cardholderVerification, terminalRiskManagement, issuerAuthentication, cda

        var bit: UInt8 {
            switch self {
            case .sda: 0x40
            case .dda: 0x20
            case .cardholderVerification: 0x10
            case .terminalRiskManagement: 0x08
            case .issuerAuthentication: 0x04
            case .cda: 0x01
            }
        }
    }

    /// Commands at which a card can fall mute.
    public enum Instruction: String, Sendable, CaseIterable {
        case getProcessingOptions, readRecord, verify, internalAuthenticate, generateAC

        var code: UInt8 {
            switch self {
            case .getProcessingOptions: 0xA8
            case .readRecord: 0xB2
            case .verify: 0x20
            case .internalAuthenticate: 0x88
            case .generateAC: 0xAE
            }
        }
    }

    public enum Decision: String, Sendable, CaseIterable {
        case approve, online, decline
    }

    /// How offline data authentication of the application fails.
    public enum Fault: String, Sendable, CaseIterable {
        /// 93 covers other data than the records hold.
        case wrongStaticSignature
        /// The card signs with another key than its certificate has.
        case wrongDynamicSignature
        /// 90 was signed by nobody the terminal knows.
        case forgedCertificate
        /// 90 is on the list of `TestCertificationAuthority.revokedSerial`.
        case revokedCertificate
    }

    /// Which of the lab's keys certify the application.
    enum KeySet: String, Sendable, CaseIterable {
        /// Everything leaves a remainder: CA and issuer 1408 bits, card 1152, exponents 3.
        case remainders
        /// Nothing does: CA 1984 bits, issuer 1408, card 1024; exponents 65537, 65537, 3.
        case whole
        /// As `whole`, the card's key 1152 bits with exponent 65537.
        case longExponent
        /// The longest there can be: CA 1984 bits, issuer and card 1976; exponents 65537, 3, 3.
        case longest

        var authorityIndex: UInt8 { self == .remainders ? 0xC1 : 0xC2 }
        var issuer: TestKeyPair {
            switch self {
            case .remainders: .issuer1
            case .whole, .longExponent: .issuer2
            case .longest: .issuer3
            }
        }
        var card: TestKeyPair {
            switch self {
            case .remainders: .card1
            case .whole: .card2
            case .longExponent: .card3
            case .longest: .card4
            }
        }
    }
}
