import Hex
import Keys
import USB

/// A DynaPro Mini that exists only as descriptors and reports: PIN entry and swipes. What enciphers the PIN is given to it.
public typealias VirtualDynaPro = ModelledDevice<DynaProModel>

public struct DynaProModel: HIDDeviceModel {
    /// PIN and account number in, block of eight bytes and key serial number of ten out; `nil` when there is no key.
    public typealias Encipher = @Sendable (_ pin: SecretBytes, _ pan: PAN) -> (block: [UInt8], keySerialNumber: [UInt8])?

    enum Waiting: Sendable, Hashable { case pin(minimum: Int, maximum: Int), card }

    var hid: HIDFunction
    private(set) var waiting: Waiting?
    private let encipher: Encipher
    private var pan: PAN?
    private var digits: [UInt8] = []
    private var acknowledgement: [UInt8] = [1, 0, 0, 0, 0]
    private var swiped: StripeReaderModel.Stripe?
    /// PINs asked for; more than this many an hour are refused. The model has no clock, so its hour never ends.
    private var pinsLeft = 120
    private(set) var shown: [UInt8] = []
    /// Key serial numbers for PIN and tracks; `nil` is no key.
    var keySerialNumbers: [[UInt8]?] = [[0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0x00, 0x01], nil]
    var isTampered = false
    private var information: [UInt8] = []

    static let reportDescriptor: [UInt8] = {
        var bytes: [UInt8] = [0x06, 0x20, 0xFF, 0x09, 0x01, 0xA1, 0x01, 0x75, 0x08, 0x15, 0x00, 0x26, 0xFF, 0x00]
        let features: [(UInt8, UInt8)] = [
            (0x01, 4), (0x02, 1), (0x03, 3), (0x04, 5), (0x05, 1), (0x07, 2), (0x08, 1), (0x0A, 1), (0x0D, 21), (0x0E, 63),
        ]
        for (id, count) in features { bytes += [0x85, id, 0x09, id, 0x95, count, 0xB2, 0x02, 0x01] }
        for (id, count) in [(0x20, 6), (0x22, 3), (0x23, 126), (0x24, 19), (0x27, 1)] as [(UInt8, UInt8)] {
            bytes += [0x85, id, 0x09, id, 0x95, count, 0x82, 0x02, 0x01]
        }
        return bytes + [0xC0]
    }()

    init(serialNumber: String, encipher: @escaping Encipher) {
        self.encipher = encipher
        hid = HIDFunction(
            vendorID: 0x0801, productID: 0x3009, product: "Virtual DynaPro Mini", serialNumber: serialNumber,
            reportDescriptor: Self.reportDescriptor, packetSize: 64)
    }

    // MARK: The cardholder

    mutating func type(_ text: String) {
        guard case .pin(_, let maximum) = waiting else { return }
        digits = Array((digits + text.utf8.filter { (0x30...0x39).contains($0) }).prefix(maximum))
    }

    mutating func enter() {
        guard case .pin(let minimum, _) = waiting, digits.count >= minimum else { return }
        defer { end() }
        guard let pan, let made = encipher(SecretBytes(digits), pan), made.block.count == 8, made.keySerialNumber.count == 10 else {
            return hid.send([0x24, 0x08] + [UInt8](repeating: 0, count: 18))
        }
        hid.send([0x24, 0x00] + made.keySerialNumber + made.block)
    }

    mutating func cancelKey() { finishWaiting(status: 1) }

    mutating func swipe(_ stripe: StripeReaderModel.Stripe) {
        guard waiting == .card else { return }
        swiped = stripe
        let status = stripe.damaged.reduce(UInt8(0)) { $0 | 1 << UInt8($1) }
        end()
        hid.send([0x22, 0x00, status, 0x01])
    }

    /// Time is up.
    mutating func expire() { finishWaiting(status: 2) }

    private mutating func finishWaiting(status: UInt8) {
        switch waiting {
        case .pin: hid.send([0x24, status] + [UInt8](repeating: 0, count: 18))
        case .card: hid.send([0x22, status, 0, 0])
        case nil: return
        }
        end()
    }

    private mutating func end() {
        waiting = nil
        digits = []
    }

    // MARK: Commands

    private mutating func carryOut(_ report: [UInt8]) -> UInt8 {
        guard report.count >= 2 else { return 0x83 }
        // Cancel is taken at any time, everything else only when idle.
        if waiting != nil, report[0] != 0x05 { return 0x81 }
        switch report[0] {
        case 0x02:
            pan = nil
            swiped = nil
        case 0x03: waiting = .card
        case 0x04:
            guard report.count >= 6 else { return 0x83 }
            guard pinsLeft > 0 else { return 0x87 }
            guard pan != nil else { return 0x82 }
            pinsLeft -= 1
            waiting = .pin(minimum: Int(report[3] & 0x0F), maximum: Int(report[3] >> 4))
        case 0x05: finishWaiting(status: 3)
        case 0x07: shown.append(report.count > 2 ? report[2] : 0)
        case 0x08: hid.send([0x20, 0, 0, deviceStatus, 0, 0x0F, 0])
        case 0x0E:
            guard report[1] == 1 || report[1] == 2 else { return 0x82 }
            let text = keySerialNumbers[Int(report[1]) - 1].map { Array($0.hex.utf8) } ?? []
            information = [0x0E, report[1], text.isEmpty ? 0 : 1, UInt8(clamping: text.count)] + text
            information += Array(repeating: 0, count: 64 - information.count)
        case 0x0A: sendCardData()
        case 0x0D where report[1] == 0: break
        case 0x0D:
            guard pan == nil else { return 0x84 }
            guard report.count >= 3, report.count >= 3 + Int(report[2]) else { return 0x83 }
            pan = PAN(String(decoding: report[3..<(3 + Int(report[2]))], as: UTF8.self))
            return pan == nil ? 0x82 : 0
        default: return 0x8A
        }
        return 0
    }

    /// Bits 0 and 1 PIN key, 2 and 3 stripe key, each 2 for none; bit 4 tampered.
    private var deviceStatus: UInt8 {
        (keySerialNumbers[0] == nil ? 0x02 : 0) | (keySerialNumbers[1] == nil ? 0x08 : 0) | (isTampered ? 0x10 : 0)
    }

    /// Tracks in clear: a pad without an MSR key.
    private mutating func sendCardData() {
        for (index, track) in [swiped?.track1, swiped?.track2, swiped?.track3].enumerated() {
            let bytes = track.map { $0.withBytes { Array($0.prefix(120)) } } ?? []
            hid.send([0x23, UInt8(index + 1), bytes.isEmpty ? 1 : 0, UInt8(bytes.count)] + bytes)
        }
        hid.send([0x23, 0x63, 0, 14] + [UInt8](repeating: 0, count: 14))
        swiped = nil
    }

    // MARK: Model

    mutating func obey(_ report: [UInt8], as kind: HIDFunction.ReportKind) -> Bool {
        guard kind == .feature else { return false }
        acknowledgement = [1, carryOut(report), report.first ?? 0, 0, 0]
        return true
    }

    func feature(_ id: UInt8) -> [UInt8]? {
        switch id {
        case 0x01: acknowledgement
        case 0x0E where !information.isEmpty: information
        default: nil
        }
    }

    mutating func powerLost() {
        hid.powerLost()
        end()
        (pan, swiped, acknowledgement) = (nil, nil, [1, 0, 0, 0, 0])
    }
}

extension ModelledDevice where Model == DynaProModel {
    public convenience init(serialNumber: String = "LABPAD0001", encipher: @escaping DynaProModel.Encipher) {
        self.init(DynaProModel(serialNumber: serialNumber, encipher: encipher))
    }

    public func type(_ digits: String) { change { $0.type(digits) } }
    public func enter() { change { $0.enter() } }
    public func cancel() { change { $0.cancelKey() } }
    public func expire() { change { $0.expire() } }
    public func swipe(_ stripe: StripeReaderModel.Stripe) { change { $0.swipe(stripe) } }
    public var isWaitingForPIN: Bool { change { if case .pin = $0.waiting { true } else { false } } }
    public var isWaitingForCard: Bool { change { $0.waiting == .card } }
}
