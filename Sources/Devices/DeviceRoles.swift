import USB

/// Which device serves which purpose, where the configuration says so.
public struct DeviceRoles: Sendable, Hashable {
    /// The chip reader; `nil` is the first one there is.
    public var chip: DeviceSelector?

    public init(chip: DeviceSelector? = nil) { self.chip = chip }
}

/// Names one device: by the port it is plugged into, or by its serial number wherever it is.
public enum DeviceSelector: Sendable, Hashable, CustomStringConvertible {
    case path(USBBusPath)
    case serialNumber(String)

    public func matches(_ device: DeviceDescription) -> Bool {
        switch self {
        case .path(let path): device.path == path
        case .serialNumber(let number): device.serialNumber == number
        }
    }

    public var description: String {
        switch self {
        case .path(let path): "port \(path)"
        case .serialNumber(let number): "serial number \(number)"
        }
    }
}
