import EMV
import Money
import PaymentHost

/// What one terminal is and how it behaves; read once at the start.
public struct TerminalConfiguration: Sendable {
    public var merchant: MerchantIdentity
    /// First line of receipts.
    public var merchantName: String
    /// Second line of receipts; empty for none.
    public var merchantLocation = ""
    public var currency: Currency
    public var model: String
    public var serialNumber: String
    public var applicationName: String
    public var applicationVersion: String
    public var limits: TransactionLimits
    public var posConnectionLost: POSConnectionLost
    public var followUpPacing = FollowUpQueue.Pacing()
    public var cardBrands: CardBrandTable
    /// What the card is told of the terminal.
    public var terminalData: TerminalData
    /// The applications that the terminal takes.
    public var applications: [ApplicationConfiguration]
    /// Keys that cards' certificates are checked with; without any there is no offline data authentication.
    public var authorities = CertificationAuthorityKeys.none
    /// What field 55 and receipts hold of the card's data.
    public var dataObjects = DataObjectTable.standard
    /// Cards that are not approved without their issuer.
    public var exceptions = CardExceptions()
    /// Language of the cardholder texts, ISO 639-1.
    public var language: String
    /// Where `journal.sqlite` lives.
    public var dataDirectory: String

    public init(
        merchant: MerchantIdentity, merchantName: String, currency: Currency, model: String = "Countertop", serialNumber: String,
        applicationName: String = "countertop", applicationVersion: String, limits: TransactionLimits = TransactionLimits(),
        posConnectionLost: POSConnectionLost = .reverse, cardBrands: CardBrandTable = CardBrandTable(),
        terminalData: TerminalData = TerminalData(), applications: [ApplicationConfiguration] = [], language: String = "en",
        dataDirectory: String
    ) {
        self.merchant = merchant
        self.merchantName = merchantName
        self.currency = currency
        self.model = model
        self.serialNumber = serialNumber
        self.applicationName = applicationName
        self.applicationVersion = applicationVersion
        self.limits = limits
        self.posConnectionLost = posConnectionLost
        self.cardBrands = cardBrands
        self.terminalData = terminalData
        self.applications = applications
        self.language = language
        self.dataDirectory = dataDirectory
    }
}

/// `posConnectionLost`: what becomes of an approval when nobody is there to be told (pos-protocol, section 5).
public enum POSConnectionLost: String, Sendable, Hashable, Codable, CaseIterable {
    case reverse
    /// The approval stays, for `LastTransaction`.
    case complete
}

/// Time limits of pos-protocol, sections 2 and 5.
public struct TransactionLimits: Sendable, Hashable {
    /// `CARDTIMEOUT`: nobody presents a card.
    public var card: Duration = .seconds(60)
    /// `CARDHOLDERTIMEOUT`: all cardholder steps together.
    public var cardholder: Duration = .seconds(75)
    /// `HOSTTIMEOUT`: from the end of the card phase to the host's answer.
    public var host: Duration = .seconds(30)
    /// One attempt at each due reversal, from acceptance.
    public var reversalWait: Duration = .seconds(10)
    /// From the host's answer to the end of the card dialogue.
    public var cardEnd: Duration = .seconds(4)
    /// How long the acceptance may wait to share the pending reversal's commit, so that an instant card costs no third sync.
    public var acceptanceDelay: Duration = .milliseconds(100)

    public init() {}
}
