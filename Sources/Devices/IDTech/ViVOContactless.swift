import Hex
import SmartCard

/// Activate Transaction, unified and encrypted (02-40), and what its answer means (NEO 2 Interface Developer's Guide, pages 210 and 232 to 236).
enum ViVOContactless {
    static func activate(_ request: ContactlessRequest) -> ViVOFrame {
        func numeric(_ value: Int64, bytes: Int) -> [UInt8] {
            let digits = String(max(0, value)).suffix(bytes * 2)
            return [UInt8](hex: String(repeating: "0", count: bytes * 2 - digits.utf8.count) + digits) ?? []
        }
        let objects = [
            BERTLV(TagNumber(rawValue: 0x9F02), numeric(request.amount, bytes: 6)),
            BERTLV(TagNumber(rawValue: 0x9F03), numeric(request.amountOther, bytes: 6)),
            BERTLV(TagNumber(rawValue: 0x9C), [request.transactionType]),
            BERTLV(TagNumber(rawValue: 0x5F2A), numeric(Int64(request.currency), bytes: 2)),
            BERTLV(TagNumber(rawValue: 0x9A), [UInt8](hex: request.date) ?? []),
            BERTLV(TagNumber(rawValue: 0x9F21), [UInt8](hex: request.time) ?? []),
        ].filter { !$0.content.isEmpty }
        return ViVOFrame(command: 0x02, second: 0x40, data: [UInt8(clamping: max(1, min(request.seconds, 255)))] + objects.encoded)
    }

    /// What a response with status and data means. Throws for statuses that are no outcome of a tap, and for data that is no TLV.
    static func read(_ frame: ViVOFrame) throws(DeviceError) -> ContactlessRead {
        switch frame.second {
        case ViVOStatus.timeout: return ContactlessRead(verdict: .timedOut, objects: [])
        // Its FFEE1F tells why; the meaning of the codes is not public.
        case ViVOStatus.failed: return ContactlessRead(verdict: .failed, objects: [])
        case ViVOStatus.success, ViVOStatus.onlineRequested: break
        default: throw ViVOStatus.error(frame.second)
        }
        guard let attribution = frame.data.first else { return ContactlessRead(verdict: .failed, objects: []) }
        let objects: [BERTLV]
        do { objects = try BERTLV.parse(Array(frame.data.dropFirst()), padding: .zero) } catch {
            throw DeviceError(.protocolViolation, "the reader's data objects are malformed")
        }
        let verdict = verdict(frame.second, attribution, objects)
        // Bits 7 and 6: what is encrypted.
        guard attribution & 0xC0 != 0 else { return ContactlessRead(verdict: verdict, objects: objects) }
        let track2 = objects.first(Tag.track2Equivalent) ?? objects.first(Tag.track2)
        let tracks = EncryptedTracks(
            scheme: attribution & 0x06 == 0x02 ? "IDTECH-AES" : "IDTECH-TDES",
            keySerialNumber: objects.first(Tag.keySerialNumber)?.value ?? [],
            track1: objects.first(Tag.track1)?.value ?? [], track2: track2?.value ?? [], track3: [], maskedTrack2: nil)
        return ContactlessRead(verdict: verdict, objects: objects.filter { !Tag.sensitive.contains($0.tag) }, encrypted: tracks)
    }

    /// Status 23 asks for the host. Status 00 is a stripe or MSD read, which always needs the host, or an EMV outcome that 9F27 tells.
    private static func verdict(_ status: UInt8, _ attribution: UInt8, _ objects: [BERTLV]) -> ContactlessRead.Verdict {
        let isEMV = attribution & 0x19 == 0x01
        guard isEMV, status == ViVOStatus.success else { return .onlineRequested }
        // Cryptogram information data (EMV 4.4 Book 3, table 15): 40 TC, 80 ARQC, 00 AAC.
        switch objects.first(Tag.cryptogramInformation)?.content.first.map({ $0 & 0xC0 }) {
        case 0x40: return .approvedOffline
        case 0x80: return .onlineRequested
        case 0x00: return .declined
        default: return .failed
        }
    }

    private enum Tag {
        static let track2Equivalent = TagNumber(rawValue: 0x57)
        static let track1 = TagNumber(rawValue: 0xDFEF17)
        static let track2 = TagNumber(rawValue: 0xDFEF18)
        static let keySerialNumber = TagNumber(rawValue: 0xDFEE12)
        static let cryptogramInformation = TagNumber(rawValue: 0x9F27)
        /// Values that are encrypted where the reader encrypts.
        static let sensitive: Set<TagNumber> = [
            TagNumber(rawValue: 0x56), TagNumber(rawValue: 0x57), TagNumber(rawValue: 0x5A), track1, track2, keySerialNumber,
        ]
    }
}
