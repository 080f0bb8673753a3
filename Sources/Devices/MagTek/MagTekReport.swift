import Keys

/// Where the fields of a MagTek input report stand: by usage from the report descriptor, by the manual's table where the descriptor is silent
/// (MagTek D99875475, pages 4 to 9; D99875191, pages 14 to 16). Usage page FF00.
struct MagTekReportLayout: Sendable, Hashable {
    /// Vendor usages of the fields.
    enum Usage: UInt16, Sendable, CaseIterable {
        case status1 = 0x20, status2, status3
        case magnePrintStatus = 0x23
        case length1 = 0x28, length2, length3
        case track1 = 0x30, track2, track3
        case encodeType = 0x38
        case cardStatus = 0x39
        case serialNumber = 0x40
        case encryptionStatus = 0x42
        case keySerialNumber = 0x46
        case maskedLength1 = 0x47, maskedLength2, maskedLength3
        case masked1 = 0x4A, masked2, masked3
        case absoluteLength1 = 0x51, absoluteLength2, absoluteLength3
    }

    static let usagePage: UInt16 = 0xFF00

    private(set) var ranges: [Usage: Range<Int>]

    init(_ report: HIDReportDescriptor.Report?, fallback: [Usage: Range<Int>]) {
        ranges = fallback
        guard let report else { return }
        let found = Usage.allCases.compactMap { usage in
            report.bytes(page: Self.usagePage, usage: usage.rawValue).map { (usage, $0) }
        }
        // A descriptor that has the tracks tells all there is; one without is not that of this report.
        guard found.contains(where: { $0.0 == .track2 }) else { return }
        ranges = Dictionary(found) { first, _ in first }
    }

    static let sureSwipe: [Usage: Range<Int>] = [
        .status1: 0..<1, .status2: 1..<2, .status3: 2..<3, .length1: 3..<4, .length2: 4..<5, .length3: 5..<6, .encodeType: 6..<7,
        .track1: 7..<117, .track2: 117..<227, .track3: 227..<337,
    ]

    static let magneSafe: [Usage: Range<Int>] = [
        .status1: 0..<1, .status2: 1..<2, .status3: 2..<3, .length1: 3..<4, .length2: 4..<5, .length3: 5..<6, .encodeType: 6..<7,
        .track1: 7..<119, .track2: 119..<231, .track3: 231..<343, .cardStatus: 343..<344, .magnePrintStatus: 344..<348,
        .serialNumber: 477..<493, .encryptionStatus: 493..<495, .keySerialNumber: 495..<505, .maskedLength1: 505..<506,
        .maskedLength2: 506..<507, .maskedLength3: 507..<508, .masked1: 508..<620, .masked2: 620..<732, .masked3: 732..<844,
        .absoluteLength1: 852..<853, .absoluteLength2: 853..<854, .absoluteLength3: 854..<855,
    ]

    /// A field of the report; `nil` when the report ends before it.
    func field(_ usage: Usage, of report: [UInt8]) -> ArraySlice<UInt8>? {
        guard let range = ranges[usage], range.upperBound <= report.count else { return nil }
        return report[range]
    }

    func byte(_ usage: Usage, of report: [UInt8]) -> UInt8? { field(usage, of: report)?.first }

    /// The first bytes of a field, as many as its length field says; `nil` for none, or more than the field holds.
    func counted(_ usage: Usage, by length: Usage, of report: [UInt8]) -> ArraySlice<UInt8>? {
        guard let count = byte(length, of: report).map(Int.init), count > 0, let field = field(usage, of: report), count <= field.count
        else {
            return nil
        }
        return field.prefix(count)
    }
}

/// Card encode type (usage 38).
enum MagTekEncodeType: UInt8, Sendable {
    case iso = 0, aamva, cadl, blank, other, undetermined, none
}

extension MagTekReportLayout {
    /// What a report means; `nil` for one that is no swipe.
    func read(_ report: [UInt8], isMagneSafe: Bool) -> StripeRead? {
        guard let status1 = byte(.status1, of: report), let status2 = byte(.status2, of: report), let status3 = byte(.status3, of: report),
            field(.track2, of: report) != nil
        else { return nil }
        let failed = Set(zip(1...3, [status1, status2, status3]).filter { $0.1 & 1 != 0 }.map(\.0))
        let tracks: [ArraySlice<UInt8>?] = [
            counted(.track1, by: .length1, of: report), counted(.track2, by: .length2, of: report),
            counted(.track3, by: .length3, of: report),
        ]
        guard !failed.isEmpty || tracks.contains(where: { $0 != nil }) else { return nil }
        guard isMagneSafe, let encryption = encryption(of: report), encryption else {
            let clear = zip(1...3, tracks).map { number, track in failed.contains(number) ? nil : track.map { SecretBytes($0) } }
            return StripeRead(track1: clear[0], track2: clear[1], track3: clear[2], failedTracks: failed)
        }
        let encrypted = zip(1...3, tracks).map { number, track in failed.contains(number) ? [] : Array(track ?? []) }
        guard encrypted.contains(where: { !$0.isEmpty }) else { return StripeRead(failedTracks: failed.isEmpty ? [1, 2, 3] : failed) }
        let masked = counted(.masked2, by: .maskedLength2, of: report).map { String(decoding: $0, as: UTF8.self) }
        return StripeRead(
            encrypted: EncryptedTracks(
                scheme: "MAGNESAFE-TDES", keySerialNumber: Array(field(.keySerialNumber, of: report) ?? []), track1: encrypted[0],
                track2: encrypted[1], track3: encrypted[2], maskedTrack2: masked),
            failedTracks: failed)
    }

    /// Reader encryption status, big endian: bit 1 a key is there, bit 2 encryption is on. `nil` when the report does not have it.
    private func encryption(of report: [UInt8]) -> Bool? {
        guard let status = field(.encryptionStatus, of: report), let low = status.last else { return nil }
        return low & 0x04 != 0
    }
}
