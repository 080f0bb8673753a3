/// A message of the interrupt endpoint (CCID 1.10, 6.3).
enum CCIDInterruptMessage: Sendable, Hashable {
    /// NotifySlotChange: 0x50, then two bits a slot, low bit "card present", high bit "changed since the last message".
    case slotChange([CCIDSlotChange])
    /// HardwareError: 0x51, bSlot, bSeq, bHardwareErrorCode.
    case hardwareError(slot: UInt8, code: UInt8)
    case malformed

    static func parse(_ bytes: [UInt8], slotCount: Int) -> CCIDInterruptMessage {
        switch bytes.first {
        case 0x50:
            let expected = (2 * slotCount + 7) / 8
            guard bytes.count > expected else { return .malformed }
            return .slotChange(
                (0..<slotCount).map { slot in
                    let bits = bytes[1 + slot / 4] >> UInt8(2 * (slot % 4))
                    return CCIDSlotChange(isPresent: bits & 1 != 0, hasChanged: bits & 2 != 0)
                })
        case 0x51 where bytes.count >= 4: return .hardwareError(slot: bytes[1], code: bytes[3])
        default: return .malformed
        }
    }
}

struct CCIDSlotChange: Sendable, Hashable {
    var isPresent: Bool
    var hasChanged: Bool
}
