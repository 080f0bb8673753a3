/// What a device says of itself when it is asked how it is.
public struct DeviceHealth: Sendable, Hashable {
    public enum SelfTest: Sendable, Hashable {
        case passed
        /// What failed, and what to do.
        case failed(String)
    }

    /// One key that the device holds.
    public struct Key: Sendable, Hashable {
        /// What it is for: `PIN`, `tracks`.
        public var use: String
        /// Whether the device can encipher with it.
        public var isLoaded: Bool
        /// KSN of a DUKPT key; names the key, is no secret.
        public var keySerialNumber: [UInt8]?
        /// How many more transactions the key serves before it is exhausted (ANSI X9.24), where the device or its KSN tells.
        public var transactionsLeft: Int?

        public init(use: String, isLoaded: Bool, keySerialNumber: [UInt8]? = nil, transactionsLeft: Int? = nil) {
            self.use = use
            self.isLoaded = isLoaded
            self.keySerialNumber = keySerialNumber
            self.transactionsLeft = transactionsLeft
        }
    }

    /// As the device writes it; `nil` when it does not tell more than its USB release number.
    public var firmware: String?
    public var selfTest: SelfTest?
    public var keys: [Key]

    public init(firmware: String? = nil, selfTest: SelfTest? = nil, keys: [Key] = []) {
        self.firmware = firmware
        self.selfTest = selfTest
        self.keys = keys
    }
}

/// An open device that can be asked. Opening alone proves that a device answers; this is for those that know more.
public protocol ExaminableDevice: OpenDevice {
    func health() async throws(DeviceError) -> DeviceHealth
}
