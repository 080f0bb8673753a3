/// What can go wrong on the bus. `code` is stable and meant for programs, `message` says what happened, `remedy` what a person can do.
public struct USBError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The device was unplugged or is not there.
        case noDevice = "usb.noDevice"
        /// The user may not open the device node.
        case noPermission = "usb.noPermission"
        /// Another program or driver holds the interface.
        case busy = "usb.busy"
        case timeout = "usb.timeout"
        case cancelled = "usb.cancelled"
        /// The endpoint answered STALL.
        case stall = "usb.stall"
        /// The device sent more than was asked for.
        case overflow = "usb.overflow"
        /// Transmission error on the wire.
        case io = "usb.io"
        /// Descriptors that cannot be understood.
        case malformedDescriptor = "usb.malformedDescriptor"
        case notFound = "usb.notFound"
        case unsupported = "usb.unsupported"
        /// The device or bus object was closed by us.
        case closed = "usb.closed"
        /// The system's USB support could not be started.
        case unavailable = "usb.unavailable"
    }

    public let code: Code
    public let message: String
    public let remedy: String?

    public init(_ code: Code, _ message: String, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(code.rawValue): \(message)" + (remedy.map { " \($0)" } ?? "") }
}
