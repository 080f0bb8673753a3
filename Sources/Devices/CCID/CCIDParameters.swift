/// Protocol data structures of SetParameters (CCID 1.10, 6.1.7).
enum CCIDParameters: Sendable, Hashable {
    /// bmFindexDindex, bmTCCKST0, bGuardTimeT0, bWaitingIntegerT0, bClockStop
    case t0(rates: UInt8, convention: UInt8, guardTime: UInt8, waitingInteger: UInt8)
    /// bmFindexDindex, bmTCCKST1, bGuardTimeT1, bmWaitingIntegersT1, bClockStop, bIFSC, bNadValue
    case t1(rates: UInt8, checksum: UInt8, guardTime: UInt8, waitingIntegers: UInt8, informationFieldSize: UInt8)

    var protocolNumber: UInt8 {
        switch self {
        case .t0: 0
        case .t1: 1
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .t0(let rates, let convention, let guardTime, let waitingInteger): [rates, convention, guardTime, waitingInteger, 0]
        case .t1(let rates, let checksum, let guardTime, let waitingIntegers, let informationFieldSize):
            [rates, checksum, guardTime, waitingIntegers, 0, informationFieldSize, 0]
        }
    }
}
