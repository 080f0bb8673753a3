import Hex
import Keys
import USB

/// A DynaPro Mini that exists only as descriptors and reports: PIN entry, typed card numbers and swipes. What enciphers PIN and tracks is given to it.
public typealias VirtualDynaPro = ModelledDevice<DynaProModel>

public struct DynaProModel: HIDDeviceModel {
    /// PIN and account number in, block of eight bytes and key serial number of ten out; `nil` when there is no key.
    public typealias Encipher = @Sendable (_ pin: SecretBytes, _ pan: PAN) -> (block: [UInt8], keySerialNumber: [UInt8])?

    /// The tracks of one card in, what the pad's next key makes of each and the serial number of that key out; `nil` when there is no key.
    public typealias EncipherTracks =
        @Sendable (_ tracks: [SecretBytes?]) -> (ciphertexts: [[UInt8]], keySerialNumber: [UInt8])?

    enum Waiting: Sendable, Hashable { case pin(minimum: Int, maximum: Int), card, number, expiry }

    var hid: HIDFunction
    private(set) var waiting: Waiting?
    private let encipher: Encipher
    private var pan: PAN?
    private var digits: [UInt8] = []
    private var acknowledgement: [UInt8] = [1, 0, 0, 0, 0]
    private var swiped: StripeReaderModel.Stripe?
    private var number: [UInt8] = []
    /// `nil`: the pad has no key for tracks, and gives them in clear.
    var encipherTracks: EncipherTracks?
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
            (0x11, 3),
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
        let maximum: Int
        switch waiting {
        case .pin(_, let most): maximum = most
        case .number: maximum = 19
        case .expiry: maximum = 4
        case .card, nil: return
        }
        digits = Array((digits + text.utf8.filter { (0x30...0x39).contains($0) }).prefix(maximum))
    }

    mutating func press(_ key: PINPadKey) {
        switch key {
        case .digit(let digit): type("\(digit)")
        case .enter: enter()
        case .clear: digits = []
        case .cancel: cancelKey()
        }
    }

    mutating func enter() {
        switch waiting {
        case .pin: enterPIN()
        case .number where digits.count >= 9:
            (number, digits) = (digits, [])
            waiting = .expiry
        case .expiry where digits.count == 4: keyed(expiry: Array(digits[2...] + digits[..<2]))
        case .number, .expiry, .card, nil: return
        }
    }

    /// Number and expiry in the form of tracks: expiry YYMM, filling, no security code, 1 for the fields that were asked for (D99875629-43, page 49).
    private mutating func keyed(expiry: [UInt8]) {
        let (number, expiry) = (String(decoding: number, as: UTF8.self), String(decoding: expiry, as: UTF8.self))
        swiped = .init(
            track1: SecretBytes("%M\(number)^MANUAL ENTRY/^\(expiry)000000000000001?".utf8),
            track2: SecretBytes(";\(number)=\(expiry)000000000001?".utf8))
        end()
        hid.send([0x22, 0x00, 0x00, 0x03])
    }

    private mutating func enterPIN() {
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
        case .card, .number, .expiry: hid.send([0x22, status, 0, 0])
        case nil: return
        }
        end()
    }

    private mutating func end() {
        waiting = nil
        digits = []
        number = []
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
        case 0x11:
            guard !isTampered else { return 0x8A }
            // Account number and expiry are what the lab's pad asks for.
            guard report.count >= 4, report[2] == 1 else { return 0x82 }
            swiped = nil
            waiting = .number
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

    /// Tracks in clear without a key for them; with one masked, and encrypted.
    private mutating func sendCardData() {
        if let encipherTracks { return sendEncrypted(encipherTracks) }
        for (index, track) in [swiped?.track1, swiped?.track2, swiped?.track3].enumerated() {
            let bytes = track.map { $0.withBytes { Array($0.prefix(120)) } } ?? []
            hid.send([0x23, UInt8(index + 1), bytes.isEmpty ? 1 : 0, UInt8(bytes.count)] + bytes)
        }
        hid.send([0x23, 0x63, 0, 14] + [UInt8](repeating: 0, count: 14))
        swiped = nil
    }

    private mutating func sendEncrypted(_ encipher: EncipherTracks) {
        func data(_ id: UInt8, _ bytes: [UInt8]) -> [UInt8] { [0x23, id, bytes.isEmpty ? 1 : 0, UInt8(bytes.count)] + bytes }
        let tracks = [swiped?.track1, swiped?.track2, swiped?.track3]
        for (index, track) in tracks.enumerated() { hid.send(data(UInt8(index + 1), track.map { Self.masked($0) } ?? [])) }
        let made = encipher(tracks)
        for index in tracks.indices { hid.send(data(UInt8(index + 4), made?.ciphertexts[index] ?? [])) }
        hid.send(data(0x63, (made?.keySerialNumber ?? Array(repeating: 0, count: 10)) + [0, 0, 0, 0]))
        swiped = nil
    }

    /// Of the number the first six and last four digits, the expiry, of the rest nothing.
    private static func masked(_ track: SecretBytes) -> [UInt8] {
        let zero = UInt8(ascii: "0")
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        var bytes = track.withBytes { Array($0.prefix(110)) }
        guard let start = bytes.firstIndex(where: isDigit) else { return bytes }
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.endIndex
        for index in bytes.indices where isDigit(bytes[index]) && start + 6 <= index && index < end - 4 { bytes[index] = zero }
        guard let dates = bytes.lastIndex(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "^") }) else { return bytes }
        for index in bytes.indices where isDigit(bytes[index]) && index > dates + 4 { bytes[index] = zero }
        return bytes
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
    /// Of a card, typed by hand.
    public var isWaitingForNumber: Bool { change { $0.waiting == .number } }
    public var isWaitingForExpiry: Bool { change { $0.waiting == .expiry } }
    /// Whether keys mean something.
    public var isAsking: Bool { change { $0.waiting != nil && $0.waiting != .card } }
    public func press(_ key: PINPadKey) { change { $0.press(key) } }
    /// From now on tracks are encrypted.
    public func loadTrackKey(_ encipher: @escaping DynaProModel.EncipherTracks) { change { $0.encipherTracks = encipher } }
}
