/// The contact kernel of EMV 4.4 as a value: events in, actions out.
public struct ContactKernel: Sendable {
    let terminal: TerminalData
    let applications: [ApplicationConfiguration]
    let transaction: KernelTransaction

    public init(terminal: TerminalData, applications: [ApplicationConfiguration], transaction: KernelTransaction) {
        self.terminal = terminal
        self.applications = applications
        self.transaction = transaction
    }

    public mutating func on(_ event: KernelEvent) -> [KernelAction] { [] }
}
