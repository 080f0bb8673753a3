import Devices

/// What a POS may ask of the terminal besides transactions (pos-protocol, section 6), after its fields were checked.
public enum OperationRequest: Sendable, Hashable {
    /// None: all.
    case getParameters(keys: [String])
    case setParameters([TerminalParameters.Setting])
    case getTransactions(TransactionQuery)
    case display(DisplayRequest)
    case lineItems(LineItemsChange)
    case input(InputRequest)
    case getSignature(prompt: String?, seconds: Int)
    case readCard(ReadCardRequest)
    case print(PrintDocument)
    case printLastReceipt(ReceiptCopy)
    case restart(RestartMoment)
    case generateCertificateRequest(CertificateSubject)
    /// PEM chain that belongs to the key of the last request.
    case importCertificate(String)
    /// PEM of an authority that signs client certificates.
    case installTrust(String)
    case diagnose

    /// One request, Status messages, and a final that may take as long as the cardholder does; `Cancel` ends it.
    public var isComplex: Bool {
        switch self {
        case .display(let request): !request.buttons.isEmpty
        case .input, .getSignature, .readCard: true
        default: false
        }
    }
}

public struct DisplayRequest: Sendable, Hashable {
    public var lines: [String]
    /// How long it stays; with buttons, how long it waits for one.
    public var seconds: Int?
    public var buttons: [String]

    public init(lines: [String], seconds: Int?, buttons: [String]) {
        self.lines = lines
        self.seconds = seconds
        self.buttons = buttons
    }
}

/// `Input`: what the cardholder is asked. Free prompts take a choice only; whatever is typed answers a prompt of the fixed table, so that nobody
/// asks for card data.
public struct InputRequest: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case confirm(text: String)
        case menu(text: String?, options: [String])
        /// By its `promptId`.
        case prompt(InputPrompt)
    }
    public var kind: Kind
    public var seconds: Int

    public init(_ kind: Kind, seconds: Int) {
        self.kind = kind
        self.seconds = seconds
    }
}

public struct ReadCardRequest: Sendable, Hashable {
    public var prompt: String?
    public var seconds: Int
    /// Of `chip contactless swipe manual`; `nil`: all that can.
    public var entryModes: Set<String>?

    public init(prompt: String?, seconds: Int, entryModes: Set<String>?) {
        self.prompt = prompt
        self.seconds = seconds
        self.entryModes = entryModes
    }
}

public enum ReceiptCopy: String, Sendable, CaseIterable { case merchant, customer }

public enum RestartMoment: String, Sendable, CaseIterable {
    case now
    /// When no operation runs.
    case idle
}

/// Whom a certificate request is for (RFC 2986).
public struct CertificateSubject: Sendable, Hashable {
    public var commonName: String
    public var organization: String?
    public var organizationalUnit: String?
    public var locality: String?
    public var state: String?
    /// Two letters of ISO 3166-1.
    public var country: String?
    public var hosts: [String]
    public var addresses: [String]

    public init(commonName: String, hosts: [String] = [], addresses: [String] = []) {
        self.commonName = commonName
        self.hosts = hosts
        self.addresses = addresses
    }
}
