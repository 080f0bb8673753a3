/// What a virtual card makes of a request for other rates.
public enum RateAgreement: Sendable, CaseIterable {
    case agrees
    /// Answers without PPS1: the default rates stay.
    case keepsDefault
    case mute
    /// Answers with something else than was asked.
    case garbage
}

/// At what rate a card in a slot speaks, and when it may be asked for another (ISO/IEC 7816-3, 9). A reader that is set to another rate
/// and the card do not understand each other.
struct CardRates {
    static let standard: UInt8 = 0x11

    /// F and D as in TA1.
    private(set) var active = standard
    /// TA1 of a card in negotiable mode that has heard nothing since its reset.
    private var offered: UInt8?

    init() {}

    init(answerToReset: [UInt8]) {
        guard answerToReset.count > 2, answerToReset[1] & 0x10 != 0 else { return }
        let td1 = 1 + (answerToReset[1] >> 4).nonzeroBitCount
        // TA2 is the first of the bytes that TD1 announces: specific mode.
        let isSpecific = answerToReset[1] & 0x80 != 0 && answerToReset.indices.contains(td1) && answerToReset[td1] & 0x10 != 0
        if isSpecific { active = answerToReset[2] } else { offered = answerToReset[2] }
    }

    /// The card's answer when `request` is a PPS request, empty when it stays mute; `nil` when it is something else, after which no PPS
    /// request can come any more.
    mutating func answer(_ request: [UInt8], _ agreement: RateAgreement) -> [UInt8]? {
        defer { offered = nil }
        guard let offered, request.first == 0xFF else { return nil }
        guard request.count >= 3, request.count == 3 + (request[1] & 0x70).nonzeroBitCount, request.reduce(0, ^) == 0 else { return [] }
        let standard = [0xFF, request[1] & 0x0F, 0xFF ^ request[1] & 0x0F]
        switch agreement {
        case .mute: return []
        case .garbage: return request.map { $0 ^ 0x20 }
        case .keepsDefault: return standard
        case .agrees:
            guard request[1] & 0x10 != 0, request[2] == offered else { return standard }
            active = offered
            return request
        }
    }
}

extension VirtualCard {
    public var rateAgreement: RateAgreement { .agrees }
}

/// Rates of the reader's side.
extension CCIDReaderModel {
    private var findsParameters: Bool { profile.features & 0x42 != 0 }
    private var negotiatesItself: Bool { profile.features & 0x80 != 0 }

    /// After a reset: a reader that takes the parameters from the answer to reset is at the card's rate at once.
    mutating func followReset(_ answerToReset: [UInt8], _ slot: Int) {
        slots[slot].rates = CardRates(answerToReset: answerToReset)
        slots[slot].protocolNumber = 0
        slots[slot].parameters = Self.defaultParametersT0
        if findsParameters { slots[slot].parameters[0] = slots[slot].rates.active }
    }

    /// SetParameters with new rates: a reader with automatic PPS asks the card first; `false` when the card does not agree.
    mutating func agree(_ protocolNumber: UInt8, _ rates: UInt8, _ slot: Int) -> Bool {
        guard negotiatesItself, rates != slots[slot].rates.active, let card = slots[slot].card else { return true }
        let head: [UInt8] = [0xFF, 0x10 | protocolNumber, rates]
        return slots[slot].rates.answer(head + [head.reduce(0, ^)], card.rateAgreement)?.count == 4 && slots[slot].rates.active == rates
    }

    /// `nil`: no PPS, and reader and card are at the same rate; else what the reader answers.
    mutating func ratesAnswer(to data: [UInt8], _ slot: Int) -> [UInt8]? {
        guard let card = slots[slot].card else { return [] }
        let isHeard = slots[slot].parameters[0] == slots[slot].rates.active
        guard isHeard else { return [] }
        return slots[slot].rates.answer(data, card.rateAgreement)
    }
}
