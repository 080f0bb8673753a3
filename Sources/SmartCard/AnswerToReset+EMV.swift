/// Which reset was answered: EMV takes some values only after a warm one.
public enum CardReset: Sendable, Hashable {
    case cold
    case warm
}

extension AnswerToReset {
    /// Everything that makes a terminal reject this answer (EMV Level 1, 8.3.1 to 8.3.3; section numbers in the messages); empty when it may
    /// go on. TS, TCK and the count of bytes are `parse`'s. A terminal that rejects the answer to a cold reset makes one warm reset (8.4).
    public func emvFindings(after reset: CardReset) -> [SmartCardError] {
        var findings: [SmartCardError] = []
        func reject(_ section: String, _ message: String) { findings.append(SmartCardError(.atrNotEMV, "\(message) (8.3.3.\(section))")) }
        let (first, second, third) = (interfaceBytes(1), interfaceBytes(2), interfaceBytes(3))
        let protocolOfTD1 = first.td.map { $0 & 0x0F } ?? 0

        // 8.3.3.1: in specific mode the terminal must take TA1 at once, and D of 1, 2 or 4 at F = 372 is what every terminal can.
        if let ta1 = first.ta, let ta2 = second.ta, ta2 & 0x10 == 0, !(0x11...0x13).contains(ta1) {
            reject("1", "TA1 outside 11…13 in specific mode")
        }
        // 8.3.3.2: VPP is not used; cards that do not say so, be it by silence, are asked again.
        if reset == .cold, first.tb != 0x00 { reject("2", first.tb == nil ? "TB1 is absent" : "TB1 is not 00") }
        // 8.3.3.4
        if protocolOfTD1 > 1 { reject("4", "TD1 offers T=\(protocolOfTD1) first") }
        // 8.3.3.5
        if let ta2 = second.ta {
            if ta2 & 0x0F != protocolOfTD1 { reject("5", "TA2 and TD1 name different protocols") }
            if ta2 & 0x10 != 0 { reject("5", "TA2 asks for implicit parameters") }
        }
        // 8.3.3.6
        if second.tb != nil { reject("6", "TB2 is present") }
        // 8.3.3.7: only the work waiting time that every terminal supports.
        if let tc2 = second.tc, protocolOfTD1 != 0 || tc2 != 0x0A { reject("7", "TC2 is not 0A for T=0") }
        // 8.3.3.8
        if let td2 = second.td {
            let protocolOfTD2 = td2 & 0x0F
            if protocolOfTD1 == 0, protocolOfTD2 != 0x0F, protocolOfTD2 != 0x0E, protocolOfTD2 != 1 {
                reject("8", "TD2 offers T=\(protocolOfTD2) after T=0")
            }
            if protocolOfTD1 == 1, protocolOfTD2 != 1 { reject("8", "TD2 offers T=\(protocolOfTD2) after T=1") }
        }
        if protocolOfTD1 == 1 { findings += blockProtocolFindings(third, guardTime: first.tc ?? 0) }
        return findings
    }

    /// TA3 TB3 TC3 of a T=1 card.
    private func blockProtocolFindings(_ third: InterfaceBytes, guardTime: UInt8) -> [SmartCardError] {
        var findings: [SmartCardError] = []
        func reject(_ section: String, _ message: String) { findings.append(SmartCardError(.atrNotEMV, "\(message) (8.3.3.\(section))")) }
        // 8.3.3.9: information field size of the card.
        if let ta3 = third.ta, !(0x10...0xFE).contains(ta3) { reject("9", "TA3 outside 10…FE") }
        // 8.3.3.10: block and character waiting times.
        if let tb3 = third.tb {
            let (blockWaiting, characterWaiting) = (tb3 >> 4, tb3 & 0x0F)
            if blockWaiting > 4 { reject("10", "BWI over 4") }
            if characterWaiting > 5 { reject("10", "CWI over 5") }
            let extra = guardTime == 0xFF ? -1 : Int(guardTime)
            if 1 << Int(characterWaiting) <= extra + 1 { reject("10", "2^CWI is not above N + 1") }
        } else {
            reject("10", "TB3 is absent for T=1")
        }
        // 8.3.3.11: LRC, not CRC.
        if let tc3 = third.tc, tc3 != 0x00 { reject("11", "TC3 is not 00") }
        return findings
    }
}
