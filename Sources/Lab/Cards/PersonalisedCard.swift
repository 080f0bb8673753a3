import Keys
import SmartCard

/// A card's memory as the issuer wrote it. Holds card data, so it does not print.
struct PersonalisedCard: Sendable, CustomStringConvertible, CustomReflectable {
    struct RecordAddress: Sendable, Hashable {
        /// Short file identifier, 1…30.
        var file: UInt8
        var record: UInt8
    }

    struct Application: Sendable, CustomStringConvertible, CustomReflectable {
        var aid: [UInt8]
        /// SELECT answers 6283.
        var blocked: Bool
        /// The file control information template, 6F.
        var fileControlInformation: [UInt8]
        var pdol: DataObjectList
        var cdol1: DataObjectList
        var cdol2: DataObjectList
        /// 82.
        var interchangeProfile: [UInt8]
        /// 94.
        var fileLocator: [UInt8]
        /// Records with their template 70.
        var records: [RecordAddress: [UInt8]]
        /// For application cryptograms.
        var masterKey: SecretBytes
        var cryptogramVersion: CryptogramVersion
        var responseFormat: Int
        /// For INTERNAL AUTHENTICATE; `nil` when the application has no DDA.
        var key: RSAPrivateKey?
        var supports: Set<CardProfile.Feature>
        var firstApproval: CardProfile.Decision
        var onlineRequest: CardProfile.Decision
        var secondApproval: CardProfile.Decision
        var issuerAuthenticationMandatory: Bool
        /// For the MACs and PINs of issuer scripts.
        var scriptKey: SecretBytes
        var acceptsScripts: Bool
        var muteAt: CardProfile.Instruction?

        var description: String { "****" }
        var customMirror: Mirror { Mirror(self, children: [:]) }
    }

    var answerToReset: [UInt8]
    var blocked: Bool
    /// Records of the payment system environment's directory; `nil` when the card has none.
    var directory: [[UInt8]]?
    /// The directory's file control information.
    var directoryInformation: [UInt8]
    var pin: SecretBytes?
    var applications: [Application]

    var description: String { "****" }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
