import CLibUSB
import Testing

@testable import USB

@Suite("Errors of libusb")
struct USBErrorLibUSBTests {
    @Test(
        "every return code of libusb has its error",
        arguments: [
            (LIBUSB_ERROR_IO, USBError.Code.io), (LIBUSB_ERROR_INVALID_PARAM, .unsupported), (LIBUSB_ERROR_ACCESS, .noPermission),
            (LIBUSB_ERROR_NO_DEVICE, .noDevice), (LIBUSB_ERROR_NOT_FOUND, .notFound), (LIBUSB_ERROR_BUSY, .busy),
            (LIBUSB_ERROR_TIMEOUT, .timeout), (LIBUSB_ERROR_OVERFLOW, .overflow), (LIBUSB_ERROR_PIPE, .stall),
            (LIBUSB_ERROR_INTERRUPTED, .cancelled), (LIBUSB_ERROR_NO_MEM, .unavailable), (LIBUSB_ERROR_NOT_SUPPORTED, .unsupported),
            (LIBUSB_ERROR_OTHER, .io),
        ] as [(libusb_error, USBError.Code)])
    func returnCodes(_ error: libusb_error, _ code: USBError.Code) {
        let mapped = USBError(libUSB: error.rawValue, "Opening 3-1.2")
        #expect(mapped.code == code)
        #expect(mapped.message.hasPrefix("Opening 3-1.2 failed: "))
    }

    @Test("a code that libusb does not have yet is an input/output error")
    func unknownCode() {
        #expect(USBError(libUSB: -4711, "Opening 3-1").code == .io)
    }

    @Test("no permission names the rule file and the group; busy names the usual holder")
    func remedies() throws {
        let noPermission = try #require(USBError(libUSB: LIBUSB_ERROR_ACCESS.rawValue, "Opening 3-1").remedy)
        #expect(noPermission.contains("60-countertop.rules"))
        #expect(noPermission.contains("group countertop"))
        let busy = try #require(USBError(libUSB: LIBUSB_ERROR_BUSY.rawValue, "Claiming interface 0 of 3-1").remedy)
        #expect(busy.contains("pcscd"))
    }

    @Test(
        "every status of a transfer has its error, completion has none",
        arguments: [
            (LIBUSB_TRANSFER_COMPLETED, nil), (LIBUSB_TRANSFER_ERROR, .io), (LIBUSB_TRANSFER_TIMED_OUT, .timeout),
            (LIBUSB_TRANSFER_CANCELLED, .cancelled), (LIBUSB_TRANSFER_STALL, .stall), (LIBUSB_TRANSFER_NO_DEVICE, .noDevice),
            (LIBUSB_TRANSFER_OVERFLOW, .overflow), (libusb_transfer_status(rawValue: 99), .io),
        ] as [(libusb_transfer_status, USBError.Code?)])
    func statuses(_ status: libusb_transfer_status, _ code: USBError.Code?) {
        #expect(USBError(transferStatus: status, "A transfer")?.code == code)
    }
}
