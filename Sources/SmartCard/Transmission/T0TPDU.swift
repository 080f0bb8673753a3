/// The character protocol T=0 (ISO/IEC 7816-3, 10; EMV Level 1, 9.2.3 and 9.3.1): which command TPDU stands for a command APDU.
///
/// | case | TPDU | rest |
/// |---|---|---|
/// | 1 | header 00 | |
/// | 2 | header Le | 6Cxx: again with Le = xx |
/// | 3 | header Lc data | |
/// | 4 | header Lc data | 61xx or a warning: GET RESPONSE |
///
/// The rest is `ResponseChaining`'s.
public enum T0TPDU {
    /// Throws `commandLength` for extended lengths, which T=0 does not have.
    public static func command(_ command: CommandAPDU) throws(SmartCardError) -> [UInt8] {
        guard !command.isExtended else { throw SmartCardError(.commandLength, "T=0 has no extended lengths") }
        let header = [command.instructionClass, command.instruction, command.p1, command.p2]
        if !command.data.isEmpty { return header + [UInt8(truncatingIfNeeded: command.data.count)] + command.data }
        return header + [UInt8(truncatingIfNeeded: command.expectedLength ?? 0)]
    }
}
