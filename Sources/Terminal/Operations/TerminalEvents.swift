import Devices
import Listening
import Synchronization

/// What happens in the terminal, for everybody who listens (`Subscribe`).
public final class TerminalEvents: Sendable {
    /// A listener that does not read loses the oldest.
    private static let kept = 64
    private let listeners = Mutex(Listeners<TerminalEvent>())

    public init() {}

    public func tell(_ event: TerminalEvent) { listeners.withLock { $0.tell(event) } }

    public func stream() -> AsyncStream<TerminalEvent> { listeners.withLock { $0.add(buffering: .bufferingNewest(Self.kept)) } }
}

extension TerminalInformation.Device {
    public init(_ device: DeviceDescription) {
        self.init(kind: device.kind, model: device.model, serialNumber: device.serialNumber, state: device.state)
    }
}
