import SmartCard

extension CCIDParameters {
    /// What the reader has to be told after a reset; `nil` when it sees to everything itself (dwFeatures 0x40).
    static func needed(after answer: AnswerToReset, agreed: UInt8? = nil, by features: CCIDFeatures) -> CCIDParameters? {
        features.contains(.automaticNegotiation) ? nil : CCIDParameters(answer, agreed: agreed)
    }

    /// The first protocol offered, with the card's values. TA1 counts in specific mode, else only as agreed (EMV Level 1, 8.3.3.1).
    init?(_ answer: AnswerToReset, agreed: UInt8? = nil) {
        let first = answer.interfaceBytes(1)
        let rates = (answer.isSpecificMode ? first.ta : agreed) ?? TransmissionRates.standard
        let inverse: UInt8 = answer.convention == .inverse ? 0x02 : 0
        switch answer.protocols.first {
        case 0:
            self = .t0(
                rates: rates, convention: inverse, guardTime: first.tc ?? 0, waitingInteger: answer.interfaceBytes(2).tc ?? 0x0A)
        case 1:
            let third = answer.interfaceBytes(3)
            self = .t1(
                rates: rates, checksum: 0x10 | inverse | (third.tc ?? 0) & 0x01, guardTime: first.tc ?? 0,
                waitingIntegers: third.tb ?? 0x4D, informationFieldSize: min(third.ta ?? 0x20, 0xFE))
        default: return nil
        }
    }
}
