import SmartCard

/// An application both sides have (EMV 4.4 Book 1, 12.3).
struct Candidate: Sendable, Hashable {
    /// 4F of the directory or 84 of the application's FCI.
    var aid: [UInt8]
    var label: String
    /// 9F12 where 9F11 names a code table this terminal has.
    var preferredName: String?
    /// 87: bit 8 asks for confirmation, bits 4 to 1 are the order, 1 first, 0 none.
    var priority: UInt8
    /// Index into the terminal's applications.
    var configuration: Int
    /// 5F2D.
    var languages: [String] = []
    /// 9F0C or 42, the issuer's number as the card has it; `nil` when it does not say.
    var issuer: [UInt8]?

    var needsConfirmation: Bool { priority & 0x80 != 0 }
    /// 1…15, or 16 without an order.
    var rank: UInt8 { priority & 0x0F == 0 ? 16 : priority & 0x0F }

    /// 9F0C, six or eight digits of the number, before 42, six of them (EMV 4.4 Book 3, annex A).
    static func issuer(in objects: [BERTLV]) -> [UInt8]? {
        let values = [objects.first(0x9F0C), objects.first(0x42)].compactMap { $0?.value }
        return values.first { (3...4).contains($0.count) }
    }

    var shown: ApplicationCandidate { ApplicationCandidate(aid: aid, label: label, preferredName: preferredName, languages: languages) }
}
