import Keys
import USB

/// An ID TECH SecureMag that exists only as descriptors and reports: clear, or encrypted in the original or the enhanced format (SecureMag User Manual
/// 80096504, pages 39 to 48). What enciphers the tracks is given to it.
public typealias VirtualSecureMag = ModelledDevice<SecureMagModel>

public struct SecureMagModel: HIDDeviceModel {
    public enum Format: Sendable, Hashable, CaseIterable { case clear, original, enhanced }

    /// A track, or tracks 1 and 2 behind each other in the original format, zero filled to whole blocks, in; as many bytes out.
    public typealias Encipher = @Sendable (SecretBytes) -> [UInt8]

    var hid: HIDFunction
    let format: Format
    private let keySerialNumber: [UInt8]
    private let encipher: Encipher
    /// The framed message alone, without the header of nine bytes (product 2020).
    private let isBare: Bool
    /// Security level; `nil` is a firmware that does not know the command.
    var level: UInt8?
    private var answer: [UInt8] = []

    private static let reportLength = 560
    private static let featureLength = 8

    static let reportDescriptor: [UInt8] = [
        0x06, 0x00, 0xFF, 0x09, 0x01, 0xA1, 0x01, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08, 0x96, UInt8(reportLength & 0xFF),
        UInt8(reportLength >> 8), 0x09, 0x02, 0x82, 0x02, 0x01, 0x95, UInt8(featureLength), 0x09, 0x20, 0xB2, 0x02, 0x01, 0xC0,
    ]

    init(_ format: Format, isBare: Bool, serialNumber: String, keySerialNumber: [UInt8], encipher: @escaping Encipher) {
        self.format = format
        self.isBare = isBare
        self.keySerialNumber = keySerialNumber
        self.encipher = encipher
        // 1 has no key; below 3 nothing is enciphered.
        level = format != .clear ? 3 : keySerialNumber.isEmpty ? 1 : 2
        hid = HIDFunction(
            vendorID: 0x0ACD, productID: isBare ? 0x2020 : 0x2010, product: "Virtual SecureMag", serialNumber: serialNumber,
            reportDescriptor: Self.reportDescriptor, packetSize: 64)
    }

    // MARK: Swiping

    mutating func swipe(_ stripe: StripeReaderModel.Stripe) {
        let tracks = [stripe.track1, stripe.track2, stripe.track3].enumerated().map { index, track -> [UInt8] in
            guard let track, !stripe.damaged.contains(index + 1) else { return [] }
            return track.withBytes { Array($0.prefix(110)) }
        }
        let lengths = tracks.map { UInt8(truncatingIfNeeded: $0.count) }
        let decoded = (0..<3).map { (index: Int) -> UInt8 in stripe.damaged.contains(index + 1) ? 1 : 0 }
        // Bits 0 to 2: decoded; bits 3 to 5: sampled.
        let status = (0..<3).reduce(UInt8(0)) { status, index in
            let isSampled = !tracks[index].isEmpty || stripe.damaged.contains(index + 1)
            return status | (tracks[index].isEmpty ? 0 : 1 << UInt8(index)) | (isSampled ? 8 << UInt8(index) : 0)
        }
        let output: [UInt8] =
            switch format {
            case .clear: isBare ? frame([0, status] + lengths + tracks.joined()) : Array(tracks.joined())
            case .original: frame(original(tracks, [0x00, status] + lengths))
            case .enhanced: frame(enhanced(tracks, [0x80, status] + lengths))
            }
        var report =
            isBare ? [] : decoded + lengths + [0, UInt8(truncatingIfNeeded: output.count), UInt8(truncatingIfNeeded: output.count >> 8)]
        report += output
        hid.send(report + Array(repeating: 0, count: max(0, Self.reportLength - report.count)))
    }

    /// Masked tracks 1 and 2, track 3 clear, tracks 1 and 2 enciphered as one, hashes, key serial number.
    private func original(_ tracks: [[UInt8]], _ head: [UInt8]) -> [UInt8] {
        head + Self.masked(tracks[0]) + Self.masked(tracks[1]) + tracks[2] + enciphered(tracks[0] + tracks[1])
            + [UInt8](repeating: 0xAA, count: 40) + keySerialNumber
    }

    /// Field 8: masks of tracks 1 and 2; field 9: all tracks enciphered, each by itself, and the key serial number.
    private func enhanced(_ tracks: [[UInt8]], _ head: [UInt8]) -> [UInt8] {
        let sent = (0..<2).reduce(UInt8(0)) { tracks[$1].isEmpty ? $0 : $0 | 1 << UInt8($1) }
        let enciphered = (0..<3).reduce(UInt8(0x80)) { tracks[$1].isEmpty ? $0 : $0 | 1 << UInt8($1) }
        return head + [sent, enciphered] + Self.masked(tracks[0]) + Self.masked(tracks[1])
            + tracks.flatMap { $0.isEmpty ? [] : self.enciphered($0) } + keySerialNumber
    }

    private func enciphered(_ bytes: [UInt8]) -> [UInt8] {
        let filled = bytes + Array(repeating: 0, count: (8 - bytes.count % 8) % 8)
        let out = encipher(SecretBytes(filled))
        return Array(out.prefix(filled.count)) + Array(repeating: 0, count: max(0, filled.count - out.count))
    }

    /// First and last four digits of the account number, separators and sentinels stay.
    static func masked(_ track: [UInt8]) -> [UInt8] {
        guard let separator = track.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "^") }) else {
            return track.map { _ in UInt8(ascii: "*") }
        }
        let start = track.first == UInt8(ascii: "%") ? 2 : 1
        return track.enumerated().map { index, byte in
            let isKept =
                index < start + 4 || (index >= separator - 4 && index <= separator) || byte == UInt8(ascii: "^")
                || byte == UInt8(ascii: "?")
            return isKept ? byte : UInt8(ascii: "*")
        }
    }

    private func frame(_ data: [UInt8]) -> [UInt8] {
        [0x02, UInt8(truncatingIfNeeded: data.count), UInt8(truncatingIfNeeded: data.count >> 8)] + data
            + [data.reduce(0, ^), data.reduce(0, &+), 0x03]
    }

    // MARK: Commands

    /// `02 52 function 03 LRC` asks for a setting (SecureMag 80096504, pages 15 and 16).
    mutating func obey(_ report: [UInt8], as kind: HIDFunction.ReportKind) -> Bool {
        guard kind == .feature else { return false }
        answer = [0x15]
        guard report.count >= 5, report[0] == 0x02, report[1] == 0x52, report[3] == 0x03, report[4] == report[..<4].reduce(0, ^) else {
            return true
        }
        guard let level else { return true }
        switch report[2] {
        case 0x7E: tell(report[2], [0x30 + level])
        case 0x51 where !keySerialNumber.isEmpty: tell(report[2], keySerialNumber)
        default: break
        }
        return true
    }

    private mutating func tell(_ function: UInt8, _ data: [UInt8]) {
        let block = [0x02, function, UInt8(truncatingIfNeeded: data.count)] + data + [0x03]
        answer = [0x06] + block + [block.reduce(0, ^)]
    }

    /// As many bytes as a feature report has, and the rest with the next one.
    mutating func feature(_ id: UInt8) -> [UInt8]? {
        let part = Array(answer.prefix(Self.featureLength))
        answer.removeFirst(part.count)
        return part + Array(repeating: 0, count: Self.featureLength - part.count)
    }

    mutating func powerLost() {
        hid.powerLost()
        answer = []
    }
}

extension ModelledDevice where Model == SecureMagModel {
    public convenience init(
        _ format: SecureMagModel.Format = .clear, isBare: Bool = false, serialNumber: String = "LABMAG0001", keySerialNumber: [UInt8] = [],
        encipher: @escaping SecureMagModel.Encipher = { $0.withBytes { Array($0) } }
    ) {
        self.init(
            SecureMagModel(format, isBare: isBare, serialNumber: serialNumber, keySerialNumber: keySerialNumber, encipher: encipher))
    }

    /// Pulls a card through.
    public func swipe(_ stripe: StripeReaderModel.Stripe) { change { $0.swipe(stripe) } }
}
