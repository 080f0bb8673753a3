/// What happened to a device: for people who watch, and for the POS's device events.
public enum DeviceChange: Sendable, Hashable {
    /// Plugged in and looked at; its state says whether it can be used.
    case arrived(DeviceDescription)
    /// The state changed while it was plugged in.
    case changed(DeviceDescription)
    /// Unplugged; its state is `.absent`.
    case left(DeviceDescription)

    public var device: DeviceDescription {
        switch self {
        case .arrived(let device), .changed(let device), .left(let device): device
        }
    }
}
