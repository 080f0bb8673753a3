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
        case firstCryptogram(CryptogramType)
        case online
        case issuerAuthentication
        case secondCryptogram(CryptogramType)
        case over
    }

    let terminal: TerminalData
    let applications: [ApplicationConfiguration]
    let transaction: KernelTransaction
    let authorities: CertificationAuthorityKeys

    var phase = Phase.ready
    var commands = 0

    // Selection
    var candidates: [Candidate] = []
    /// Why the last candidate fell out, or a blocked application was met: the reason when none is left.
    var rejection: Reason?
    /// A SELECT was understood: the chip works.
    var cardUnderstoodSelect = false
    /// 9F11 of the directory.
    var directoryCodeTable: UInt8?

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

    // Online
    /// What the issuer said; `nil` before, and when it could not be reached.
    var issuerApproved: Bool?
    var issuerAuthenticationData: [UInt8]?

    /// `authorities`: keys for offline data authentication, which is performed as far as 9F33 claims it.
    public init(
        terminal: TerminalData, applications: [ApplicationConfiguration], transaction: KernelTransaction,
        authorities: CertificationAuthorityKeys = .none
    ) {
        var truthful = terminal
        truthful.capabilities.subtract(Self.notPerformed)
        self.terminal = truthful
        self.applications = applications
        self.transaction = transaction
        self.authorities = authorities
    }

    /// Methods that 9F33 may not claim because this kernel has no means to perform them.
    static let notPerformed: TerminalCapabilities = [.plaintextOfflinePIN, .encipheredOnlinePIN, .encipheredOfflinePIN]

    public mutating func on(_ event: KernelEvent) -> [KernelAction] {
        switch (phase, event) {
        case (.over, _): []
        case (_, .cardLost): finish(.cardLost, .cardLost)
        case (.ready, .start): selectDirectory()
        case (.choice, .applicationChosen(let index)): applicationChosen(index)
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
        case .firstCryptogram(let requested): firstCryptogramAnswered(response, requested: requested)
        case .issuerAuthentication: issuerAuthenticationAnswered(response)
        case .secondCryptogram(let requested): secondCryptogramAnswered(response, requested: requested)
        case .ready, .choice, .online, .over: finish(.terminated, .unexpectedEvent)
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
