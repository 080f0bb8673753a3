import Devices
import PaymentHost

/// What `GetInformation` answers, as one consistent snapshot.
public struct TerminalInformation: Sendable, Hashable {
    public struct Device: Sendable, Hashable {
        public var kind: DeviceDescription.Kind
        public var model: String
        public var serialNumber: String?
        public var state: DeviceDescription.State
        public init(kind: DeviceDescription.Kind, model: String, serialNumber: String?, state: DeviceDescription.State) {
            self.kind = kind
            self.model = model
            self.serialNumber = serialNumber
            self.state = state
        }
    }

    public enum Activity: String, Sendable { case idle, busy }

    public var model: String
    public var serialNumber: String
    public var applicationName: String
    public var applicationVersion: String
    public var terminalID: String
    public var merchantID: String
    public var batchNumber: Int
    public var activity: Activity
    public var hostState: HostLinkState
    public var pendingReversals: Int
    public var offlineCount: Int
    public var devices: [Device]
    /// `nil` while nothing is planned.
    public var nextRestart: WallTime?
    /// `false`: whether there is such a transaction nobody can say.
    public var isJournalReadable = true

    public init(
        model: String, serialNumber: String, applicationName: String, applicationVersion: String, terminalID: String, merchantID: String,
        batchNumber: Int, activity: Activity, hostState: HostLinkState, pendingReversals: Int, offlineCount: Int, devices: [Device]
    ) {
        self.model = model
        self.serialNumber = serialNumber
        self.applicationName = applicationName
        self.applicationVersion = applicationVersion
        self.terminalID = terminalID
        self.merchantID = merchantID
        self.batchNumber = batchNumber
        self.activity = activity
        self.hostState = hostState
        self.pendingReversals = pendingReversals
        self.offlineCount = offlineCount
        self.devices = devices
    }
}
