import SmartCard

/// The contact kernel of EMV 4.4 as a value: events in, actions out, no I/O, clock or random source.
///
/// `start`, then one `response` for each `transmit`, until `finished`. Whatever the card answers the dialogue ends: every loop is bounded, and all
/// of it by `Limits.commands`. A card's behaviour is an outcome; an event that does not fit the phase is a fault of the caller and ends the
/// dialogue as terminated, `unexpectedEvent`.
public struct ContactKernel: Sendable {
    /// What the books leave open and a card must not decide.
    enum Limits {
        /// Commands of a whole dialogue.
        static let commands = 512
        /// Records of the payment system directory.
        static let directoryRecords: UInt8 = 64
        /// Applications that share one AID of the terminal.
        static let occurrences = 16
        static let candidates = 32
        /// Records an AFL names.
        static let records = 128
        /// PIN entries for one rule of the CVM list: more than a card's try counter can say.
        static let pinEntries = 16
    }

    /// What the kernel waits for.
    enum Phase: Sendable {
        case ready
        // Selection
        case directory
        case directoryRecord(file: UInt8, number: UInt8)
        case applicationList(index: Int, occurrence: Int)
        case choice
        case finalSelection
        // Application
        case processingOptions
        case records
        case dynamicAuthentication
        case pinTryCounter
        case challenge
        case pinEntry
        case transactionCounter
        case lastOnlineCounter
        case firstCryptogram(CryptogramType)
        case online
        case issuerAuthentication
        case script(IssuerScript.Stage)
        case secondCryptogram(CryptogramType)
        /// The outcome is told; the scripts that come after the last cryptogram wait.
        case settled
        case over
    }

    let terminal: TerminalData
    let applications: [ApplicationConfiguration]
    let transaction: KernelTransaction
    let authorities: CertificationAuthorityKeys
    let dataObjects: DataObjectTable

    var phase = Phase.ready
    var commands = 0

    // Selection
    /// How many of the candidates, from the first on, the cardholder may choose from.
    var offeredCandidates = 0
    var candidates: [Candidate] = []
    /// Why the last candidate fell out, or a blocked application was met: the reason when none is left.
    var rejection: Reason?
    /// A SELECT was understood: the chip works.
    var cardUnderstoodSelect = false
    /// 9F11 of the directory.
    var directoryCodeTable: UInt8?
    /// 5F2D of the directory.
    var directoryLanguages: [String] = []

    // The selected application
    var candidate: Candidate?
    var data = DataStore()
    var verificationResults: TerminalVerificationResults = []
    var statusInformation: TransactionStatusInformation = []
    var cardholderVerification = CardholderVerification.none
    var profile: ApplicationInterchangeProfile = []
    var pendingRecords: ArraySlice<RecordAddress> = []
    var recordTags: Set<TagNumber> = []
    var authentication = OfflineDataAuthentication()
    /// 5F24 and 5F25, once the records are read.
    var validity: (expiration: KernelDate, effective: KernelDate?)?
    /// The CVM list under way, and its PIN.
    var verification: CardholderVerificationProcess?
    var pin: PINVerification?

    // Online
    /// What the issuer said; `nil` before, and when it could not be reached.
    var issuerApproved: Bool?
    /// Scripts still to be performed, and the one under way.
    var scripts: [IssuerScript] = []
    var script: RunningScript?
    /// What was told with `.finished`.
    var settled: (verdict: KernelOutcome.Verdict, reason: Reason?)?

    /// `authorities`: keys for offline data authentication, which is performed as far as 9F33 claims it. `dataObjects`: what
    /// field 55 and receipts hold.
    public init(
        terminal: TerminalData, applications: [ApplicationConfiguration], transaction: KernelTransaction,
        authorities: CertificationAuthorityKeys = .none, dataObjects: DataObjectTable = .standard
    ) {
        var truthful = terminal
        truthful.capabilities.subtract(Self.pinMethods)
        truthful.capabilities.formUnion(transaction.attached.intersection(Self.attachable))
        self.terminal = truthful
        self.applications = applications
        self.transaction = transaction
        self.authorities = authorities
        self.dataObjects = dataObjects
    }

    /// What 9F33 claims only when a device that is attached now can do it.
    static let pinMethods: TerminalCapabilities = [.plaintextOfflinePIN, .encipheredOnlinePIN, .encipheredOfflinePIN]
    /// What attached devices add to 9F33.
    static let attachable: TerminalCapabilities = pinMethods.union([.manualKeyEntry, .magneticStripe, .chip])

    /// How far the dialogue is; for people.
    public var stage: KernelStage {
        switch phase {
        case .ready, .directory, .directoryRecord, .applicationList, .choice, .finalSelection: .selection
        case .processingOptions: .initiation
        case .records: .readData
        case .dynamicAuthentication: .dataAuthentication
        case .pinTryCounter, .challenge, .pinEntry: .cardholderVerification
        case .transactionCounter, .lastOnlineCounter: .riskManagement
        case .firstCryptogram: .actionAnalysis
        case .online, .issuerAuthentication: .online
        case .script: .scripts
        case .secondCryptogram: .completion
        case .settled, .over: .over
        }
    }

    public mutating func on(_ event: KernelEvent) -> [KernelAction] {
        switch (phase, event) {
        case (.over, _): []
        case (.settled, .performScripts): performScripts(.afterFinalCryptogram)
        case (.script(.afterFinalCryptogram), .response(let response)): scriptCommandAnswered(response)
        // What was told stays, whatever comes.
        case (.settled, _), (.script(.afterFinalCryptogram), _): loseCard()
        case (_, .cardLost): loseCard()
        case (.ready, .start): selectDirectory()
        case (.choice, .applicationChosen(let index)): applicationChosen(index)
        case (.pinEntry, .pin(let outcome)): pinEntryEnded(outcome)
        case (.online, .hostAnswered(let answer)): hostAnswered(answer)
        case (_, .response(let response)): on(response)
        default: finish(.terminated, .unexpectedEvent)
        }
    }

    private mutating func on(_ response: ResponseAPDU) -> [KernelAction] {
        switch phase {
        case .directory: directorySelected(response)
        case .directoryRecord(let file, let number): directoryRecordRead(response, file: file, number: number)
        case .applicationList(let index, let occurrence): listedApplicationSelected(response, index: index, occurrence: occurrence)
        case .finalSelection: applicationSelected(response)
        case .processingOptions: processingOptionsAnswered(response)
        case .records: recordRead(response)
        case .dynamicAuthentication: internalAuthenticateAnswered(response)
        case .pinTryCounter: pinTryCounterRead(response)
        case .challenge: challengeGiven(response)
        case .transactionCounter: transactionCounterRead(response)
        case .lastOnlineCounter: lastOnlineCounterRead(response)
        case .firstCryptogram(let requested): firstCryptogramAnswered(response, requested: requested)
        case .issuerAuthentication: issuerAuthenticationAnswered(response)
        case .script: scriptCommandAnswered(response)
        case .secondCryptogram(let requested): secondCryptogramAnswered(response, requested: requested)
        case .ready, .choice, .pinEntry, .online, .settled, .over: finish(.terminated, .unexpectedEvent)
        }
    }

    mutating func transmit(_ command: CommandAPDU, then next: Phase) -> [KernelAction] {
        guard commands < Limits.commands else { return finish(.terminated, .dialogueTooLong) }
        commands += 1
        phase = next
        return [.transmit(command)]
    }
}

/// Phase only: the rest is the card's and the transaction's.
extension ContactKernel: CustomStringConvertible, CustomReflectable {
    public var description: String { "ContactKernel(\(phase))" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
