import Keys
import USB

/// A MagTek stripe reader that exists only as descriptors and reports: SureSwipe with clear tracks, or MagneSafe V5 with what its owner gives it as
/// encrypted ones.
public typealias VirtualStripeReader = ModelledDevice<StripeReaderModel>

public struct StripeReaderModel: HIDDeviceModel {
    public enum Kind: Sendable, Hashable { case sureSwipe, magneSafe }

    /// What the head reads of a card.
    public struct Stripe: Sendable {
        public var track1: SecretBytes?
        public var track2: SecretBytes?
        public var track3: SecretBytes?
        /// Tracks that cannot be decoded.
        public var damaged: Set<Int> = []

        public init(track1: SecretBytes? = nil, track2: SecretBytes? = nil, track3: SecretBytes? = nil, damaged: Set<Int> = []) {
            self.track1 = track1
            self.track2 = track2
            self.track3 = track3
            self.damaged = damaged
        }
    }

    var kind: Kind
    var hid: HIDFunction
    /// Of a MagneSafe: security level, serial number of the key, and the encryption counter, which is FFFFFF when it is switched off.
    var level: UInt8 = 3
    var keySerialNumber: [UInt8] = [0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0x00, 0x01]
    var encryptionsLeft: [UInt8] = [0xFF, 0xFF, 0xFF]
    private var answer: [UInt8] = []

    /// MagTek D99875191, page 16.
    static let sureSwipeDescriptor: [UInt8] = [
        0x06, 0x00, 0xFF, 0x09, 0x01, 0xA1, 0x01, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08, 0x09, 0x20, 0x09, 0x21, 0x09, 0x22, 0x09, 0x28,
        0x09, 0x29, 0x09, 0x2A, 0x09, 0x38, 0x95, 0x07, 0x81, 0x02, 0x09, 0x30, 0x95, 0x6E, 0x82, 0x02, 0x01, 0x09, 0x31, 0x95, 0x6E, 0x82,
        0x02, 0x01, 0x09, 0x32, 0x95, 0x6E, 0x82, 0x02, 0x01, 0x09, 0x20, 0x95, 0x18, 0xB2, 0x02, 0x01, 0xC0,
    ]

    /// Laid out as the table of MagTek D99875475, pages 4 to 9, says; feature report of 60 bytes.
    static let magneSafeDescriptor: [UInt8] = {
        var bytes: [UInt8] = [0x06, 0x00, 0xFF, 0x09, 0x01, 0xA1, 0x01, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08]
        for usage: UInt8 in [0x20, 0x21, 0x22, 0x28, 0x29, 0x2A, 0x38] { bytes += [0x09, usage] }
        bytes += [0x95, 7, 0x81, 0x02]
        let fields: [(UInt8, UInt8)] = [
            (0x30, 112), (0x31, 112), (0x32, 112), (0x39, 1), (0x23, 4), (0x2B, 1), (0x33, 128), (0x40, 16), (0x42, 2), (0x46, 10),
            (0x47, 1),
            (0x48, 1), (0x49, 1), (0x4A, 112), (0x4B, 112), (0x4C, 112), (0x50, 8), (0x51, 1), (0x52, 1), (0x53, 1), (0x54, 1), (0x55, 3),
            (0x56, 8), (0x57, 20),
        ]
        for (usage, count) in fields { bytes += [0x09, usage, 0x95, count, 0x82, 0x02, 0x01] }
        return bytes + [0x09, 0x20, 0x95, 60, 0xB2, 0x02, 0x01, 0xC0]
    }()

    init(_ kind: Kind, serialNumber: String) {
        self.kind = kind
        hid = HIDFunction(
            vendorID: 0x0801, productID: kind == .sureSwipe ? 0x0002 : 0x0011,
            product: kind == .sureSwipe ? "Virtual SureSwipe Reader" : "Virtual MagneSafe Reader", serialNumber: serialNumber,
            reportDescriptor: kind == .sureSwipe ? Self.sureSwipeDescriptor : Self.magneSafeDescriptor, packetSize: 8)
    }

    // MARK: Swiping

    /// A report with the tracks in clear.
    func clearReport(_ stripe: Stripe) -> [UInt8] {
        let trackLength = kind == .sureSwipe ? 110 : 112
        var report = [UInt8](repeating: 0, count: kind == .sureSwipe ? 337 : 887)
        for (index, track) in [stripe.track1, stripe.track2, stripe.track3].enumerated() {
            if stripe.damaged.contains(index + 1) {
                report[index] = 1
                continue
            }
            guard let track else { continue }
            track.withBytes { bytes in
                let count = min(bytes.count, trackLength)
                report[3 + index] = UInt8(truncatingIfNeeded: count)
                for position in 0..<count { report[7 + index * trackLength + position] = bytes[position] }
            }
        }
        return report
    }

    mutating func swipe(_ stripe: Stripe) { hid.send(clearReport(stripe)) }

    // MARK: Model

    mutating func obey(_ report: [UInt8], as kind: HIDFunction.ReportKind) -> Bool {
        guard kind == .feature else { return false }
        answer = carryOut(report)
        return true
    }

    func feature(_ id: UInt8) -> [UInt8]? { id == 0 ? answer : nil }

    private func carryOut(_ command: [UInt8]) -> [UInt8] {
        let length = kind == .sureSwipe ? 24 : 60
        let answer: [UInt8]
        switch (command.first, command.dropFirst(2).first) {
        case (0x00, 0x00): answer = [0, 11] + Array("LAB0000D01A".utf8)
        case (0x00, 0x01): answer = [0, UInt8(clamping: hid.serialNumber.utf8.count)] + Array(hid.serialNumber.utf8)
        case (0x00, 0x04) where kind == .magneSafe: answer = [0, 3] + Array("V05".utf8)
        case (0x15, _) where kind == .magneSafe: answer = [0, 1, level]
        case (0x09, _) where kind == .magneSafe: answer = [0, 10] + keySerialNumber
        case (0x1C, _) where kind == .magneSafe: answer = [0, 19] + [UInt8](repeating: 0x30, count: 16) + encryptionsLeft
        case (0x02, _): answer = [0, 0]
        default: answer = [2, 0]
        }
        return answer + Array(repeating: 0, count: max(0, length - answer.count))
    }

    mutating func powerLost() {
        hid.powerLost()
        answer = []
    }
}

extension ModelledDevice where Model == StripeReaderModel {
    public convenience init(_ kind: StripeReaderModel.Kind = .sureSwipe, serialNumber: String = "LABSTRIPE1") {
        self.init(StripeReaderModel(kind, serialNumber: serialNumber))
    }

    /// Pulls a card through.
    public func swipe(_ stripe: StripeReaderModel.Stripe) { change { $0.swipe(stripe) } }

    /// Any bytes as an input report.
    public func send(_ report: [UInt8]) { change { $0.hid.send(report) } }
}
