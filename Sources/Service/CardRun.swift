import Devices
import EMV
import Hex
import SmartCard

/// One transaction with the card in a reader, as far as the card goes without a host (`countertop emv`). No money moves: the card is told that its
/// issuer cannot be reached.
public struct CardRun: Sendable {
    public var transaction: KernelTransaction
    public var cards: CardTable
    public var authorities: CertificationAuthorityKeys
    public var dataObjects: DataObjectTable
    /// `nil` without a configuration: a terminal like any other.
    private var configured: TerminalData?
    /// Also every command, and every data object of the answers, card data masked.
    public var isTraced: Bool

    public init(
        transaction: KernelTransaction, cards: CardTable, authorities: CertificationAuthorityKeys = .none,
        dataObjects: DataObjectTable = .standard, isTraced: Bool = false
    ) {
        self.transaction = transaction
        self.cards = cards
        self.authorities = authorities
        self.dataObjects = dataObjects
        self.isTraced = isTraced
    }

    /// With the terminal data, the card table and the authority keys of a terminal's configuration.
    public init(transaction: KernelTransaction, configuration: Configuration, isTraced: Bool) throws(ServiceError) {
        self.init(
            transaction: transaction, cards: try CardTable.read(file: configuration.cardsFile),
            authorities: try AuthorityKeysFile.read(configuration.authorityKeysFile),
            dataObjects: try DataObjectsFile.read(configuration.dataObjectsFile), isTraced: isTraced)
        configured = configuration.terminalData(authenticatesData: authorities != .none, dataObjects)
    }

    /// - Parameter say: gets every line as it is known.
    public func run(with reader: any ChipReader, say: (String) -> Void) async throws(DeviceError) {
        try await withTaskExecutorPreference(reader.taskExecutor) { () throws(DeviceError) in try await dialogue(with: reader, say) }
    }

    private func dialogue(with reader: any ChipReader, _ say: (String) -> Void) async throws(DeviceError) {
        var kernel = ContactKernel(
            terminal: terminalData, applications: cards.applications, transaction: transaction, authorities: authorities,
            dataObjects: dataObjects)
        var trace = KernelTrace()
        func show(_ lines: [String]) { for line in lines { say(line) } }
        var actions = kernel.on(.start(answerToReset: try await reader.powerOn()))
        while let action = actions.first {
            show(trace.stageLines(kernel.stage))
            switch action {
            case .transmit(let command):
                let response = try await reader.transmit(command)
                if isTraced { show(trace.lines(command) + trace.lines(response)) }
                actions = kernel.on(.response(response))
            case .chooseApplication(let candidates):
                show(candidates.map { "   \($0.aid.hex)  \($0.preferredName ?? $0.label)" } + ["   the first is taken"])
                actions = kernel.on(.applicationChosen(0))
            // There is nobody to type.
            case .enterPIN: actions = kernel.on(.pin(.unavailable))
            case .goOnline: actions = kernel.on(.hostAnswered(.unableToGoOnline))
            case .finished(let outcome):
                show(trace.lines(outcome))
                return await reader.powerOff()
            }
        }
    }

    /// Claimed without keys, data authentication would fail, which is worse than not performed.
    var terminalData: TerminalData {
        if let configured { return configured }
        var data = TerminalData()
        // Nobody types, and no other reader is looked at.
        data.capabilities = [.chip, .signature, .noCVM]
        (data.defaultDDOL, data.defaultTDOL) = (dataObjects.defaultDDOL, dataObjects.defaultTDOL)
        if authorities != .none { data.capabilities.formUnion([.sda, .dda, .cda]) }
        return data
    }
}
