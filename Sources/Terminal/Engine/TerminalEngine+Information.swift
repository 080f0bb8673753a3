import Devices
import PaymentHost

/// What `GetInformation` tells, for every thread.
extension TerminalEngine {
    /// The part of it that the actor keeps up to date, and what was last seen of the others.
    struct Snapshot: Sendable {
        var batchNumber = 1
        var activity = TerminalInformation.Activity.idle
        var pendingReversals = 0
        var offlineCount = 0
        var nextRestart: WallTime?
        var isJournalReadable = true

        fileprivate var hostState: HostLinkState?
        fileprivate var devices: [DeviceDescription] = []
        fileprivate var revision = 0
    }

    public nonisolated var information: TerminalInformation {
        let configuration = environment.configuration
        let snapshot = snapshot.withLock { $0 }
        var information = TerminalInformation(
            model: configuration.model, serialNumber: configuration.serialNumber, applicationName: configuration.applicationName,
            applicationVersion: configuration.applicationVersion, terminalID: configuration.merchant.terminalID,
            merchantID: configuration.merchant.merchantID, batchNumber: snapshot.batchNumber, activity: snapshot.activity,
            hostState: environment.host.state, pendingReversals: snapshot.pendingReversals, offlineCount: snapshot.offlineCount,
            devices: environment.devices.devices.map {
                TerminalInformation.Device(kind: $0.kind, model: $0.model, serialNumber: $0.serialNumber, state: $0.state)
            })
        information.nextRestart = snapshot.nextRestart
        information.isJournalReadable = snapshot.isJournalReadable
        return information
    }

    /// Whether nothing runs and nothing is left to tell the host.
    public nonisolated var isAtRest: Bool {
        snapshot.withLock { $0.activity == .idle && $0.pendingReversals == 0 && $0.offlineCount == 0 }
    }

    public nonisolated var informationRevision: Int {
        let (hostState, devices) = (environment.host.state, environment.devices.devices)
        return snapshot.withLock { snapshot in
            if snapshot.hostState != hostState || snapshot.devices != devices {
                snapshot.hostState = hostState
                snapshot.devices = devices
                snapshot.revision += 1
            }
            return snapshot.revision
        }
    }

    nonisolated func changeSnapshot(_ change: (inout Snapshot) -> Void) {
        snapshot.withLock { snapshot in
            change(&snapshot)
            snapshot.revision += 1
        }
    }

    func updateSnapshot() {
        changeSnapshot {
            $0.batchNumber = batchNumber
            $0.activity = running == nil ? .idle : .busy
            $0.pendingReversals = followUps.reversals
            $0.offlineCount = followUps.advices.count
        }
    }
}
