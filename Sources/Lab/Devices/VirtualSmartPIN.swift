import Hex
import Keys
import USB

/// A SmartPIN K100 that exists only as descriptors and reports: PIN entry for an account number in clear (ID TECH 80114510-001, pages 12 to 14).
public typealias VirtualSmartPIN = ModelledDevice<SmartPINModel>

public struct SmartPINModel: HIDDeviceModel {
    var hid: HIDFunction
    private let encipher: DynaProModel.Encipher
    private var incoming: [UInt8] = []
    private var pan: PAN?
    private var digits: [UInt8] = []
    /// Of the PIN DUKPT key: 0 not there, 1 there, FF used up.
    var keyStatus: UInt8 = 1

    /// One report of 64 bytes each way, without ids.
    static let reportDescriptor: [UInt8] = [
        0x06, 0x00, 0xFF, 0x09, 0x01, 0xA1, 0x01, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08, 0x95, 0x40, 0x09, 0x02, 0x81, 0x02, 0x09, 0x03,
        0x91, 0x02, 0xC0,
    ]
    private static let reportLength = 64
    private static let longestPIN = 12

    init(serialNumber: String, encipher: @escaping DynaProModel.Encipher) {
        self.encipher = encipher
        hid = HIDFunction(
            vendorID: 0x0ACD, productID: 0x0850, product: "Virtual SmartPIN K100", serialNumber: serialNumber,
            reportDescriptor: Self.reportDescriptor, packetSize: 64)
    }

    var isWaiting: Bool { pan != nil }

    // MARK: The cardholder

    /// Each digit is told with a star.
    mutating func type(_ text: String) {
        guard isWaiting else { return }
        for digit in text.utf8 where (0x30...0x39).contains(digit) && digits.count < Self.longestPIN {
            digits.append(digit)
            hid.send([0x2A] + [UInt8](repeating: 0, count: Self.reportLength - 1))
        }
    }

    mutating func enter() {
        guard let pan, digits.count >= 4 else { return }
        defer { end() }
        guard let made = encipher(SecretBytes(digits), pan), made.block.count == 8, made.keySerialNumber.count == 10 else {
            return send([0x15, 0x05, 0x00])
        }
        send([0x06] + Array((made.keySerialNumber + made.block).hex.utf8))
    }

    mutating func cancelKey() {
        guard isWaiting else { return }
        end()
        send([0x15, 0x18, 0x00])
    }

    private mutating func end() {
        pan = nil
        digits = []
    }

    // MARK: Commands

    private mutating func received(_ report: [UInt8]) {
        if incoming.isEmpty, report.first != 0x02 { return }
        incoming += report
        guard incoming.count >= 3 else { return }
        let length = Int(incoming[1]) | Int(incoming[2]) << 8
        guard length + 6 <= incoming.count else { return }
        let body = Array(incoming[3..<(3 + length)])
        let isWhole =
            incoming[3 + length] == body.reduce(0, ^) && incoming[4 + length] == body.reduce(0, &+) && incoming[5 + length] == 0x03
        incoming = []
        if isWhole { carryOut(body) }
    }

    private mutating func carryOut(_ body: [UInt8]) {
        guard body.count >= 3, body[1] == 0x46 else { return }
        switch (body[0], body[2]) {
        case (0x78, 0x01): send([0x06] + Array("LAB SmartPIN K100 V1.00".utf8))
        // Number of blocks; name, slot and status of each: key encryption key 14, PIN key 01.
        case (0x78, 0x25): send([0x06, 2, 0, 0x14, 0, 0, 1, 0x01, 0, 0, keyStatus])
        case (0x75, 0x07):
            // 01: DUKPT, account number in clear, exactly sixteen digits.
            guard body.count == 20, body[3] == 0x01, let pan = PAN(String(decoding: body[4...], as: UTF8.self)) else {
                return send([0x15, 0x07, 0x02])
            }
            (self.pan, digits) = (pan, [])
        case (0x75, 0x09): cancelKey()
        default: break
        }
    }

    private mutating func send(_ body: [UInt8]) {
        let frame =
            [0x02, UInt8(truncatingIfNeeded: body.count), UInt8(truncatingIfNeeded: body.count >> 8)] + body
            + [body.reduce(0, ^), body.reduce(0, &+), 0x03]
        for start in stride(from: 0, to: frame.count, by: Self.reportLength) {
            let part = frame[start..<min(start + Self.reportLength, frame.count)]
            hid.send(part + Array(repeating: 0, count: Self.reportLength - part.count))
        }
    }

    // MARK: Model

    mutating func obey(_ report: [UInt8], as kind: HIDFunction.ReportKind) -> Bool {
        guard kind == .output else { return false }
        received(report)
        return true
    }

    mutating func powerLost() {
        hid.powerLost()
        end()
        incoming = []
    }
}

extension ModelledDevice where Model == SmartPINModel {
    public convenience init(serialNumber: String = "LABK100001", encipher: @escaping DynaProModel.Encipher) {
        self.init(SmartPINModel(serialNumber: serialNumber, encipher: encipher))
    }

    public func type(_ digits: String) { change { $0.type(digits) } }
    public func enter() { change { $0.enter() } }
    public func cancel() { change { $0.cancelKey() } }
    public var isWaitingForPIN: Bool { change { $0.isWaiting } }
}
