import USB

/// One message of the socket bus. On the wire: length of what follows (4 bytes), kind (1 byte), body; all numbers little endian.
///
/// Every request carries a tag that its answer repeats; a request is answered exactly once, a cancelled one too.
enum BusFrame: Sendable {
    // Terminal to lab
    case open(tag: UInt32, USBBusPath)
    case call(tag: UInt32, device: UInt32, BusCall)
    case cancel(tag: UInt32)
    // Lab to terminal
    case attached(USBDeviceInfo)
    case detached(USBBusPath)
    case opened(tag: UInt32, device: UInt32, USBDeviceInfo)
    case done(tag: UInt32, [UInt8])
    case failed(tag: UInt32, USBError)
    /// Of an exchange: its message did not go out.
    case notSent(tag: UInt32, USBError)
    /// Both ways: bytes that the bus does not look into.
    case side([UInt8])

    /// The longest frame, without its length: a transfer of `longestTransfer` and what goes with it.
    static let longest = longestTransfer + 4096
    static let longestTransfer = 1 << 20
}

/// What can be asked of an open device.
enum BusCall: Sendable, Hashable {
    case claim(UInt8)
    case release(UInt8)
    case control(USBSetup, [UInt8], timeout: Duration?)
    case bulkOut(UInt8, [UInt8], timeout: Duration?)
    case bulkIn(UInt8, length: UInt32, timeout: Duration?)
    case exchange(USBExchange)
    case interruptIn(UInt8, length: UInt32, timeout: Duration?)
    case clearHalt(UInt8)
    case reset
    case close
}
