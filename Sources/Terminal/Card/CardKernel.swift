import EMV

/// The card dialogue as the terminal drives it: a value that turns events into actions. `ContactKernel` is the one in production.
public protocol CardKernel: Sendable {
    mutating func on(_ event: KernelEvent) -> [KernelAction]
}

/// Makes the kernel of one transaction, with the applications and terminal data of the configuration.
public typealias CardKernelFactory = @Sendable (KernelTransaction) -> any CardKernel
