/// A pointer to one of libusb's own objects (context, device handle), which libusb allows to use from any thread
/// ("Multi-threaded applications and asynchronous I/O", "Thread safety" in its manual).
///
/// `@unchecked`: the pointer is a constant and only ever handed back to libusb, which locks. That nobody uses it after the object is
/// freed is proved where it is freed (`LibUSBDevice.close`, `LibUSBContext.end`).
struct LibUSBPointer: @unchecked Sendable {
    let value: OpaquePointer
}
