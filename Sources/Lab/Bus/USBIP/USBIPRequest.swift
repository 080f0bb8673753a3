import USB

/// What an importer sends: the USB/IP protocol of the Linux kernel, version 1.1.1 (Linux, Documentation/usb/usbip_protocol.rst). All numbers
/// are big-endian on the wire.
enum USBIPRequest: Sendable, Hashable {
    /// OP_REQ_DEVLIST.
    case deviceList
    /// OP_REQ_IMPORT, with the device's bus identifier.
    case importDevice(busID: String)
    /// USBIP_CMD_SUBMIT.
    case submit(USBIPSubmit)
    /// USBIP_CMD_UNLINK: gives up the request with number `target`.
    case unlink(sequence: UInt32, target: UInt32)
}

/// One USB request block.
struct USBIPSubmit: Sendable, Hashable {
    var sequence: UInt32
    /// 0…15.
    var endpoint: UInt8
    var isIn: Bool
    /// Whether less than was asked for is an error (URB_SHORT_NOT_OK).
    var isShortRefused: Bool
    /// How much is sent or asked for.
    var length: Int
    /// The SETUP packet's eight bytes; zeros on other endpoints than 0.
    var setup: [UInt8]
    /// What is sent, for OUT.
    var data: [UInt8]
}

enum USBIP {
    static let version: UInt16 = 0x0111
    /// usbip's IANA port.
    static let standardPort = 3240
    /// Bytes of a header in the second phase, request or answer.
    static let headerLength = 48
    static let busIDLength = 32
    /// The most that one request moves: the kernel's usbfs gives 16 MiB to all of a user's transfers together.
    static let longestTransfer = 16 << 20

    enum Operation: UInt16 {
        case deviceListRequest = 0x8005
        case deviceListReply = 0x0005
        case importRequest = 0x8003
        case importReply = 0x0003
    }

    enum Command: UInt32 {
        case submit = 1
        case unlink = 2
        case submitReply = 3
        case unlinkReply = 4
    }

    /// Status of an operation's answer (Linux, tools/usb/usbip/libsrc/usbip_common.h).
    enum Status: UInt32 {
        case ok = 0
        case busy = 2
        case noDevice = 4
    }
}

/// Cuts an importer's byte stream into requests. A connection begins with operations; after an accepted import it carries transfers.
struct USBIPDecoder: Sendable {
    enum Phase: Sendable { case operations, transfers }

    enum Step: Sendable, Hashable {
        case needMore
        case request(USBIPRequest)
        case malformed(String)
    }

    var phase: Phase
    private var buffer: [UInt8] = []
    private var start = 0

    init(_ phase: Phase = .operations) { self.phase = phase }

    mutating func append(_ bytes: ArraySlice<UInt8>) {
        if start > 0, start == buffer.count || start > 1 << 16 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer += bytes
    }

    mutating func next() -> Step {
        var reader = BigEndianReader(buffer[start...])
        let step = phase == .operations ? Self.operation(&reader) : Self.transfer(&reader)
        if case .request = step { start = reader.position }
        return step
    }

    // MARK: Operations

    private static func operation(_ reader: inout BigEndianReader) -> Step {
        guard let version: UInt16 = reader.number(), let code: UInt16 = reader.number(), reader.skip(4) else { return .needMore }
        guard version >> 8 == USBIP.version >> 8 else { return .malformed("protocol version \(version)") }
        switch USBIP.Operation(rawValue: code) {
        case .deviceListRequest: return .request(.deviceList)
        case .importRequest:
            guard let name = reader.bytes(USBIP.busIDLength) else { return .needMore }
            return .request(.importDevice(busID: String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)))
        default: return .malformed("operation \(code)")
        }
    }

    // MARK: Transfers

    private static func transfer(_ reader: inout BigEndianReader) -> Step {
        guard let code: UInt32 = reader.number(), let sequence: UInt32 = reader.number(), reader.skip(4),
            let direction: UInt32 = reader.number(), let endpoint: UInt32 = reader.number(),
            var body = reader.bytes(28).map(BigEndianReader.init)
        else { return .needMore }
        switch USBIP.Command(rawValue: code) {
        case .unlink:
            guard let target: UInt32 = body.number() else { return .needMore }
            return .request(.unlink(sequence: sequence, target: target))
        case .submit:
            guard let flags: UInt32 = body.number(), let length: UInt32 = body.number(), body.skip(4),
                let packets: UInt32 = body.number(), body.skip(4), let setup = body.bytes(8)
            else { return .needMore }
            guard direction <= 1 else { return .malformed("direction \(direction)") }
            guard endpoint <= 15 else { return .malformed("endpoint \(endpoint)") }
            guard length <= USBIP.longestTransfer else { return .malformed("a transfer of \(length) bytes") }
            // 0xFFFFFFFF from today's kernels, 0 from old ones, where there are no isochronous packets.
            guard packets == .max || packets == 0 else { return .malformed("isochronous packets") }
            let isIn = direction == 1
            guard let data = reader.bytes(isIn ? 0 : Int(length)) else { return .needMore }
            return .request(
                .submit(
                    USBIPSubmit(
                        sequence: sequence, endpoint: UInt8(endpoint), isIn: isIn, isShortRefused: flags & 1 != 0, length: Int(length),
                        setup: Array(setup), data: Array(data))))
        default: return .malformed("command \(code)")
        }
    }
}

/// Takes big-endian numbers off the front.
private struct BigEndianReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var position: Int { rest.startIndex }

    mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func skip(_ count: Int) -> Bool { bytes(count) != nil }

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>() -> Number? {
        bytes(Number.bitWidth / 8).map { $0.reduce(0) { $0 << 8 | Number($1) } }
    }
}
