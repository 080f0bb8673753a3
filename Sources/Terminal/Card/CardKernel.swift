import EMV

/// The card dialogue as the terminal drives it: a value that turns events into actions. `ContactKernel` is the one in production.
public protocol CardKernel: Sendable {
    mutating func on(_ event: KernelEvent) -> [KernelAction]
}

/// Makes the kernel of one transaction.
public typealias CardKernelFactory = @Sendable (KernelTransaction) -> any CardKernel

extension ContactKernel: CardKernel {}

extension TerminalConfiguration {
    /// Contact kernels with the configuration's applications and terminal data.
    public var contactKernel: CardKernelFactory {
        let (terminal, applications, authorities, objects) = (terminalData, applications, authorities, dataObjects)
        return {
            ContactKernel(
                terminal: terminal, applications: applications, transaction: $0, authorities: authorities, dataObjects: objects)
        }
    }
}
