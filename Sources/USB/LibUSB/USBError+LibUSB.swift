import CLibUSB

extension USBError {
    /// The error for a return code of libusb (`enum libusb_error`).
    /// - Parameters:
    ///   - action: what was tried, as the beginning of a sentence: `Opening 3-1.2`.
    package init(libUSB status: Int32, _ action: String) {
        let name = String(cString: libusb_error_name(status))
        func because(_ reason: String) -> String { "\(action) failed: \(reason) (\(name))." }
        switch status {
        case LIBUSB_ERROR_IO.rawValue: self.init(.io, because("input/output error"))
        case LIBUSB_ERROR_INVALID_PARAM.rawValue: self.init(.unsupported, because("the system does not accept the parameters"))
        case LIBUSB_ERROR_ACCESS.rawValue: self.init(.noPermission, because("no permission"), remedy: Self.permissionRemedy)
        case LIBUSB_ERROR_NO_DEVICE.rawValue:
            self.init(.noDevice, because("the device was unplugged"), remedy: "Plug it in again.")
        case LIBUSB_ERROR_NOT_FOUND.rawValue: self.init(.notFound, because("the device has no such part"))
        case LIBUSB_ERROR_BUSY.rawValue: self.init(.busy, because("another program holds it"), remedy: Self.busyRemedy)
        case LIBUSB_ERROR_TIMEOUT.rawValue: self.init(.timeout, because("no answer in time"))
        case LIBUSB_ERROR_OVERFLOW.rawValue: self.init(.overflow, because("the device sent more than was asked for"))
        case LIBUSB_ERROR_PIPE.rawValue: self.init(.stall, because("the endpoint answered STALL"))
        case LIBUSB_ERROR_INTERRUPTED.rawValue: self.init(.cancelled, because("interrupted"))
        case LIBUSB_ERROR_NO_MEM.rawValue: self.init(.unavailable, because("no memory"))
        case LIBUSB_ERROR_NOT_SUPPORTED.rawValue: self.init(.unsupported, because("not supported by this system"))
        default: self.init(.io, because("error \(status)"))
        }
    }

    /// The error of a transfer that ended with this status (`enum libusb_transfer_status`); `nil` for one that is complete.
    package init?(transferStatus status: libusb_transfer_status, _ action: String) {
        switch status {
        case LIBUSB_TRANSFER_COMPLETED: return nil
        case LIBUSB_TRANSFER_TIMED_OUT: self.init(libUSB: LIBUSB_ERROR_TIMEOUT.rawValue, action)
        case LIBUSB_TRANSFER_CANCELLED: self.init(.cancelled, "\(action) was cancelled.")
        case LIBUSB_TRANSFER_STALL: self.init(libUSB: LIBUSB_ERROR_PIPE.rawValue, action)
        case LIBUSB_TRANSFER_NO_DEVICE: self.init(libUSB: LIBUSB_ERROR_NO_DEVICE.rawValue, action)
        case LIBUSB_TRANSFER_OVERFLOW: self.init(libUSB: LIBUSB_ERROR_OVERFLOW.rawValue, action)
        // LIBUSB_TRANSFER_ERROR and whatever a later libusb invents.
        default: self.init(libUSB: LIBUSB_ERROR_IO.rawValue, action)
        }
    }

    private static let permissionRemedy =
        "Install 60-countertop.rules in /etc/udev/rules.d, add the user to the group countertop, and plug the device in again."

    private static let busyRemedy =
        "Stop the program that holds it; often it is pcscd: systemctl disable --now pcscd.socket pcscd.service."
}
