import Keys

/// ID TECH's output of a swipe (SecureMag User Manual 80096504, pages 39 to 48): `02 LenL LenH data LRC SUM 03`, in the original or the enhanced
/// format.
struct IDTechMSRMessage: Sendable, Hashable {
    enum Reading: Sendable, Hashable {
        case needMore
        case message([UInt8], length: Int)
        case malformed
    }

    /// The card data of the frame at the beginning of the bytes.
    static func frame(_ bytes: some RandomAccessCollection<UInt8>) -> Reading {
        let bytes = Array(bytes)
        guard bytes.first.map({ $0 == 0x02 }) ?? true else { return .malformed }
        guard bytes.count >= 3 else { return .needMore }
        let length = Int(bytes[1]) | Int(bytes[2]) << 8
        guard bytes.count >= length + 6 else { return .needMore }
        let data = bytes[3..<(3 + length)]
        guard bytes[3 + length] == data.reduce(0, ^), bytes[4 + length] == data.reduce(0, &+), bytes[5 + length] == 0x03 else {
            return .malformed
        }
        return .message(Array(data), length: length + 6)
    }

    /// What the card data of a frame means; `nil` when it is cut off or no swipe.
    static func read(_ data: [UInt8]) -> StripeRead? {
        var fields = Cursor(data)
        guard let type = fields.byte(), let status = fields.byte(), let l1 = fields.byte(), let l2 = fields.byte(), let l3 = fields.byte()
        else { return nil }
        let lengths = [Int(l1), Int(l2), Int(l3)]
        // Bits 0 to 2: decoded; bits 3 to 5: something was sampled.
        let failed = Set((0..<3).filter { status >> UInt8($0 + 3) & 1 == 1 && status >> UInt8($0) & 1 == 0 }.map { $0 + 1 })
        return type & 0x80 != 0
            ? enhanced(&fields, lengths, failed, hasOptionalBytes: status & 0x40 != 0) : original(&fields, type, lengths, failed)
    }

    /// Encrypted tracks 1 and 2 in one block behind the masked ones; track 3 clear. Cards that are no payment cards are clear altogether.
    private static func original(_ fields: inout Cursor, _ type: UInt8, _ lengths: [Int], _ failed: Set<Int>) -> StripeRead? {
        var tracks: [[UInt8]] = []
        for length in lengths {
            guard let track = fields.take(length) else { return nil }
            tracks.append(track)
        }
        if fields.isAtEnd { return clear(tracks, failed) }
        let encryptedLength = (lengths[0] + lengths[1] + 7) / 8 * 8
        guard encryptedLength > 0, let encrypted = fields.take(encryptedLength), let serial = fields.last(10) else { return nil }
        return StripeRead(
            encrypted: EncryptedTracks(
                scheme: "IDTECH-TDES", keySerialNumber: serial, track1: encrypted, track2: [], track3: [], maskedTrack2: text(tracks[1])),
            failedTracks: failed)
    }

    /// Fields 8 and 9 say what is there. Each track is encrypted by itself.
    private static func enhanced(_ fields: inout Cursor, _ lengths: [Int], _ failed: Set<Int>, hasOptionalBytes: Bool) -> StripeRead? {
        guard let sent = fields.byte(), let sentEncrypted = fields.byte() else { return nil }
        if hasOptionalBytes {
            guard let count = fields.byte(), fields.take(Int(count)) != nil else { return nil }
        }
        let isAES = sent & 0x30 != 0
        let block = isAES ? 16 : 8
        var masked: [[UInt8]] = [[], [], []]
        for index in 0..<3 where sent >> UInt8(index) & 1 == 1 {
            guard let track = fields.take(lengths[index]) else { return nil }
            masked[index] = track
        }
        var encrypted: [[UInt8]] = [[], [], []]
        for index in 0..<3 where sentEncrypted >> UInt8(index) & 1 == 1 {
            guard let track = fields.take((lengths[index] + block - 1) / block * block) else { return nil }
            encrypted[index] = track
        }
        guard encrypted.contains(where: { !$0.isEmpty }) else { return clear(masked, failed) }
        var serial: [UInt8] = []
        if sentEncrypted & 0x80 != 0 {
            guard let bytes = fields.last(10) else { return nil }
            serial = bytes
        }
        return StripeRead(
            encrypted: EncryptedTracks(
                scheme: isAES ? "IDTECH-AES" : "IDTECH-TDES", keySerialNumber: serial, track1: encrypted[0], track2: encrypted[1],
                track3: encrypted[2], maskedTrack2: text(masked[1])),
            failedTracks: failed)
    }

    private static func clear(_ tracks: [[UInt8]], _ failed: Set<Int>) -> StripeRead? {
        let secrets = tracks.map { $0.isEmpty ? nil : SecretBytes($0) }
        guard secrets.contains(where: { $0 != nil }) || !failed.isEmpty else { return nil }
        return StripeRead(track1: secrets[0], track2: secrets[1], track3: secrets[2], failedTracks: failed)
    }

    private static func text(_ track: [UInt8]) -> String? { track.isEmpty ? nil : String(decoding: track, as: UTF8.self) }

    private struct Cursor {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: [UInt8]) { rest = bytes[...] }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func byte() -> UInt8? { rest.popFirst() }

        mutating func take(_ count: Int) -> [UInt8]? {
            guard count <= rest.count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }

        func last(_ count: Int) -> [UInt8]? { rest.count >= count ? Array(rest.suffix(count)) : nil }
    }
}

/// ID TECH's input report (SecureHead manual, 4.1.1): three decode states, three lengths, encode type, length of the output, output. The output is a
/// framed message, or the tracks in clear where the reader does not encrypt. Some firmwares split a framed message over several plain reports.
struct IDTechReports: Sendable {
    private var pending: [UInt8] = []
    private static let headerLength = 9
    /// Masked, encrypted and hashed tracks of the longest card, twice over.
    private static let longest = 4_096

    init() {}

    mutating func on(_ report: [UInt8]) -> StripeRead? {
        // A whole message in one report ends whatever was not complete.
        if report.count > Self.headerLength, case .message(let data, _) = IDTechMSRMessage.frame(report[Self.headerLength...]) {
            pending = []
            return IDTechMSRMessage.read(data)
        }
        if !pending.isEmpty || report.first == 0x02 { return assemble(report) }
        return report.count > Self.headerLength ? clear(report) : nil
    }

    private mutating func assemble(_ report: [UInt8]) -> StripeRead? {
        pending += report
        switch IDTechMSRMessage.frame(pending) {
        case .needMore:
            if pending.count > Self.longest { pending = [] }
            return nil
        case .malformed:
            pending = []
            return nil
        case .message(let data, _):
            pending = []
            return IDTechMSRMessage.read(data)
        }
    }

    /// Tracks one after the other, as long as the header says.
    private func clear(_ report: [UInt8]) -> StripeRead? {
        var rest = report[Self.headerLength...]
        var tracks: [SecretBytes?] = []
        var failed: Set<Int> = []
        for index in 0..<3 {
            let length = Int(report[3 + index])
            guard length <= rest.count else { return nil }
            if report[index] & 1 != 0 { failed.insert(index + 1) }
            tracks.append(length == 0 || report[index] & 1 != 0 ? nil : SecretBytes(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        guard tracks.contains(where: { $0 != nil }) || !failed.isEmpty else { return nil }
        return StripeRead(track1: tracks[0], track2: tracks[1], track3: tracks[2], failedTracks: failed)
    }
}
