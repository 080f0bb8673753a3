import USB

/// Which device serves which purpose, where the configuration says so. A kind without a selector is served by the first device of it.
public struct DeviceRoles: Sendable, Hashable {
    public var selectors: [DeviceDescription.Kind: DeviceSelector]

    public init(_ selectors: [DeviceDescription.Kind: DeviceSelector] = [:]) { self.selectors = selectors }

    func allow(_ capability: DeviceCapability) -> Bool { selectors[capability.kind]?.matches(capability.device) ?? true }
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
