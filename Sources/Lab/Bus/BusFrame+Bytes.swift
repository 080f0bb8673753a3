import USB

extension BusFrame {
    enum Kind: UInt8 {
        case open = 1
        case call = 2
        case cancel = 3
        case attached = 0x11
        case detached = 0x12
        case opened = 0x13
        case done = 0x14
        case failed = 0x15
        case notSent = 0x16
        case side = 0x20
    }

    /// The frame with its length in front.
    var bytes: [UInt8] {
        var writer = BusFrameWriter()
        switch self {
        case .open(let tag, let path):
            writer.begin(.open)
            writer.number(tag)
            writer.text(path.description)
        case .call(let tag, let device, let call):
            writer.begin(.call)
            writer.number(tag)
            writer.number(device)
            writer.call(call)
        case .cancel(let tag):
            writer.begin(.cancel)
            writer.number(tag)
        case .attached(let info):
            writer.begin(.attached)
            writer.info(info)
        case .detached(let path):
            writer.begin(.detached)
            writer.text(path.description)
        case .opened(let tag, let device, let info):
            writer.begin(.opened)
            writer.number(tag)
            writer.number(device)
            writer.info(info)
        case .done(let tag, let data):
            writer.begin(.done)
            writer.number(tag)
            writer.data(data)
        case .failed(let tag, let error):
            writer.begin(.failed)
            writer.number(tag)
            writer.error(error)
        case .notSent(let tag, let error):
            writer.begin(.notSent)
            writer.number(tag)
            writer.error(error)
        case .side(let message):
            writer.begin(.side)
            writer.data(message)
        }
        return writer.finished
    }

    /// Parses what stands behind the length. Throws `.malformed`.
    init(parsing body: ArraySlice<UInt8>) throws(BusFrameMalformed) {
        var reader = BusFrameReader(body)
        let code = try reader.byte()
        guard let kind = Kind(rawValue: code) else { throw BusFrameMalformed("unknown kind \(code)") }
        switch kind {
        case .open: self = .open(tag: try reader.number(), try reader.path())
        case .call: self = .call(tag: try reader.number(), device: try reader.number(), try reader.call())
        case .cancel: self = .cancel(tag: try reader.number())
        case .attached: self = .attached(try reader.info())
        case .detached: self = .detached(try reader.path())
        case .opened: self = .opened(tag: try reader.number(), device: try reader.number(), try reader.info())
        case .done: self = .done(tag: try reader.number(), try reader.data())
        case .failed: self = .failed(tag: try reader.number(), try reader.error())
        case .notSent: self = .notSent(tag: try reader.number(), try reader.error())
        case .side: self = .side(try reader.data())
        }
        try reader.end()
    }
}

struct BusFrameMalformed: Error, Hashable {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

private enum CallKind: UInt8 {
    case claim = 1
    case release, control, bulkOut, bulkIn, interruptIn, clearHalt, reset, close, exchange
}

private struct BusFrameWriter {
    private static let lengthSize = 4
    /// What stands before the body is its length, written last.
    private var frame = [UInt8](repeating: 0, count: lengthSize)

    var finished: [UInt8] {
        consuming get {
            withUnsafeBytes(of: UInt32(clamping: frame.count - Self.lengthSize).littleEndian) {
                frame.replaceSubrange(0..<Self.lengthSize, with: $0)
            }
            return frame
        }
    }

    mutating func begin(_ kind: BusFrame.Kind) { frame.append(kind.rawValue) }

    mutating func byte(_ value: UInt8) { frame.append(value) }

    mutating func number(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { frame.append(contentsOf: $0) } }

    mutating func data(_ bytes: [UInt8]) {
        number(UInt32(clamping: bytes.count))
        frame += bytes
    }

    /// A present text is its length and one more, then UTF-8; an absent one is zero.
    mutating func text(_ text: String?) {
        guard let text else { return number(UInt16(0)) }
        let bytes = Array(text.utf8.prefix(Int(UInt16.max) - 1))
        number(UInt16(clamping: bytes.count + 1))
        frame += bytes
    }

    /// Nanoseconds; all bits set is no limit.
    mutating func limit(_ timeout: Duration?) {
        guard let timeout else { return number(UInt64.max) }
        let (seconds, attoseconds) = timeout.components
        let (nanoseconds, overflow) = max(seconds, 0).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, more) = nanoseconds.addingReportingOverflow(max(attoseconds, 0) / 1_000_000_000)
        number(UInt64(overflow || more ? Int64.max : sum))
    }

    mutating func error(_ error: USBError) {
        text(error.code.rawValue)
        text(error.message)
        text(error.remedy)
    }

    mutating func info(_ info: USBDeviceInfo) {
        text(info.path.description)
        data(info.descriptor.bytes)
        text(info.manufacturer)
        text(info.product)
        text(info.serialNumber)
        text(info.node)
    }

    mutating func call(_ call: BusCall) {
        switch call {
        case .claim(let interface):
            byte(CallKind.claim.rawValue)
            byte(interface)
        case .release(let interface):
            byte(CallKind.release.rawValue)
            byte(interface)
        case .control(let setup, let data, let timeout):
            byte(CallKind.control.rawValue)
            byte(setup.requestType)
            byte(setup.request)
            number(setup.value)
            number(setup.index)
            number(setup.length)
            self.data(data)
            limit(timeout)
        case .bulkOut(let endpoint, let data, let timeout):
            byte(CallKind.bulkOut.rawValue)
            byte(endpoint)
            self.data(data)
            limit(timeout)
        case .bulkIn(let endpoint, let length, let timeout):
            byte(CallKind.bulkIn.rawValue)
            byte(endpoint)
            number(length)
            limit(timeout)
        case .exchange(let exchange):
            byte(CallKind.exchange.rawValue)
            byte(exchange.outEndpoint)
            data(exchange.message)
            limit(exchange.writeLimit)
            byte(exchange.inEndpoint)
            number(UInt32(clamping: exchange.length))
            limit(exchange.readLimit)
        case .interruptIn(let endpoint, let length, let timeout):
            byte(CallKind.interruptIn.rawValue)
            byte(endpoint)
            number(length)
            limit(timeout)
        case .clearHalt(let endpoint):
            byte(CallKind.clearHalt.rawValue)
            byte(endpoint)
        case .reset: byte(CallKind.reset.rawValue)
        case .close: byte(CallKind.close.rawValue)
        }
    }
}

private struct BusFrameReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func take(_ count: Int) throws(BusFrameMalformed) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw BusFrameMalformed("\(count) bytes expected, \(rest.count) left") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func byte() throws(BusFrameMalformed) -> UInt8 { try number() }

    mutating func number<Number: FixedWidthInteger>() throws(BusFrameMalformed) -> Number {
        try take(Number.bitWidth / 8).reversed().reduce(0) { value, byte in (Number.bitWidth > 8 ? value << 8 : 0) | Number(byte) }
    }

    mutating func data() throws(BusFrameMalformed) -> [UInt8] {
        let count: UInt32 = try number()
        return Array(try take(Int(count)))
    }

    mutating func text() throws(BusFrameMalformed) -> String? {
        let count: UInt16 = try number()
        return count == 0 ? nil : String(decoding: try take(Int(count) - 1), as: UTF8.self)
    }

    mutating func error() throws(BusFrameMalformed) -> USBError {
        guard let code = USBError.Code(rawValue: try text() ?? "") else { throw BusFrameMalformed("unknown error code") }
        return USBError(code, try text() ?? "", remedy: try text())
    }

    mutating func path() throws(BusFrameMalformed) -> USBBusPath {
        guard let text = try text() else { throw BusFrameMalformed("no bus path") }
        return USBBusPath(text)
    }

    mutating func limit() throws(BusFrameMalformed) -> Duration? {
        let nanoseconds: UInt64 = try number()
        return nanoseconds == .max ? nil : .nanoseconds(Int64(clamping: nanoseconds))
    }

    mutating func info() throws(BusFrameMalformed) -> USBDeviceInfo {
        let path = try path()
        let bytes = try data()
        let descriptor: USBDeviceDescriptor
        do { descriptor = try USBDeviceDescriptor(parsing: bytes) } catch { throw BusFrameMalformed(error.message) }
        return USBDeviceInfo(
            path: path, descriptor: descriptor, manufacturer: try text(), product: try text(), serialNumber: try text(), node: try text())
    }

    mutating func length() throws(BusFrameMalformed) -> UInt32 {
        let length: UInt32 = try number()
        guard length <= BusFrame.longestTransfer else { throw BusFrameMalformed("transfer of \(length) bytes") }
        return length
    }

    mutating func call() throws(BusFrameMalformed) -> BusCall {
        let code = try byte()
        guard let kind = CallKind(rawValue: code) else { throw BusFrameMalformed("unknown call \(code)") }
        switch kind {
        case .claim: return .claim(try byte())
        case .release: return .release(try byte())
        case .control:
            let setup = USBSetup(
                requestType: try byte(), request: try byte(), value: try number(), index: try number(), length: try number())
            return .control(setup, try data(), timeout: try limit())
        case .bulkOut: return .bulkOut(try byte(), try data(), timeout: try limit())
        case .bulkIn: return .bulkIn(try byte(), length: try length(), timeout: try limit())
        case .exchange:
            let (endpoint, message, limit) = (try byte(), try data(), try limit() ?? .seconds(Int32.max))
            return .exchange(
                USBExchange(
                    message, to: endpoint, within: limit, answerFrom: try byte(), length: Int(try length()),
                    within: try self.limit() ?? .seconds(Int32.max)))
        case .interruptIn: return .interruptIn(try byte(), length: try length(), timeout: try limit())
        case .clearHalt: return .clearHalt(try byte())
        case .reset: return .reset
        case .close: return .close
        }
    }

    func end() throws(BusFrameMalformed) {
        guard rest.isEmpty else { throw BusFrameMalformed("\(rest.count) bytes too many") }
    }
}
