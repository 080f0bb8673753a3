/// The PIN operation data structures of PC_to_RDR_Secure (CCID 1.10, 6.1.11.7 and 6.1.11.8): what the reader is to ask for, how it puts the
/// PIN into the APDU, and the APDU itself. The reader fills the PIN in; it never comes out.
struct CCIDPINEntry: Sendable, Hashable {
    /// bConfirmPIN, bNumberMessage and the message indices differ; everything else is common.
    enum Operation: Sendable, Hashable {
        case verify
        /// Asks for the new PIN twice, before that for the old one when the APDU holds it.
        case modify(oldPINOffset: UInt8?, newPINOffset: UInt8)
    }

    var operation: Operation
    /// Seconds; 0 is the reader's own.
    var timeout: UInt8
    var minimumDigits: UInt8
    var maximumDigits: UInt8
    /// What the reader puts the digits into.
    var apdu: [UInt8]
    /// NAD PCB LEN for readers at TPDU level with T=1, else zeros.
    var prologue: [UInt8] = [0, 0, 0]
    /// What is known of this reader.
    var habits = CCIDPINHabits()

    /// The plaintext VERIFY of EMV (4.4 Book 3, 6.5.12) with an ISO 9564 format-2 block: `2 N PIN F…`.
    static func verifyPlaintext(timeout: UInt8, minimumDigits: UInt8, maximumDigits: UInt8, habits: CCIDPINHabits) -> CCIDPINEntry {
        CCIDPINEntry(
            operation: .verify, timeout: timeout, minimumDigits: minimumDigits, maximumDigits: maximumDigits,
            apdu: [0x00, 0x20, 0x00, 0x80, 0x08] + emptyBlock, habits: habits)
    }

    /// CHANGE REFERENCE DATA with two blocks (the old PIN first), or RESET RETRY COUNTER style with one.
    static func modifyPlaintext(
        instruction: UInt8, p1: UInt8, withOldPIN: Bool, timeout: UInt8, minimumDigits: UInt8, maximumDigits: UInt8, habits: CCIDPINHabits
    ) -> CCIDPINEntry {
        let blocks = withOldPIN ? emptyBlock + emptyBlock : emptyBlock
        return CCIDPINEntry(
            operation: .modify(oldPINOffset: withOldPIN ? 0 : nil, newPINOffset: withOldPIN ? 8 : 0), timeout: timeout,
            minimumDigits: minimumDigits, maximumDigits: maximumDigits,
            apdu: [0x00, instruction, p1, 0x80, UInt8(truncatingIfNeeded: blocks.count)] + blocks, habits: habits)
    }

    /// Control nibble 2, length 0, fill; the reader overwrites length and digits.
    private static let emptyBlock: [UInt8] = [0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]

    /// bmFormatString: positions in bytes, the PIN begins one byte after the APDU header, justified left, BCD.
    private static let format: UInt8 = 0x80 | 1 << 3 | 0x01
    /// bmPINBlockString: a length of 4 bits is inserted, the PIN has 7 bytes.
    private static let block: UInt8 = 4 << 4 | 7
    /// bmPINLengthFormat: the length stands 4 bits into the block.
    private static let length: UInt8 = 0x04

    /// abData of the message.
    var bytes: [UInt8] {
        let digits = habits.swapsLengths ? [minimumDigits, maximumDigits] : [maximumDigits, minimumDigits]
        // wLangId 0x0409, US English, which every reader has.
        let language: [UInt8] = [0x09, 0x04]
        switch operation {
        case .verify:
            return [0x00, timeout, Self.format, Self.block, Self.length] + digits + [habits.validation, habits.verifyMessages] + language
                + [0x00] + prologue + apdu
        case .modify(let old, let new):
            let isOldAsked = old != nil
            let messages = habits.modifyMessages ?? (isOldAsked ? 3 : 2)
            var indices: [UInt8] = [0]
            // bMsgIndex2 is there unless bNumberMessage is 0, bMsgIndex3 only when it is 3; some readers always want all three.
            if habits.sendsAllIndices || messages != 0 { indices.append(1) }
            if habits.sendsAllIndices || messages == 3 { indices.append(2) }
            return [0x01, timeout, Self.format, Self.block, Self.length, old ?? 0, new] + digits + [
                isOldAsked ? 0x03 : 0x01, habits.validation, messages,
            ] + language + indices + prologue + apdu
        }
    }
}

/// How a reader wants the fields that readers do not agree on; see `CCIDQuirks`.
struct CCIDPINHabits: Sendable, Hashable {
    /// bEntryValidationCondition: 2 is the validation key, which all readers have.
    var validation: UInt8 = 0x02
    /// bNumberMessage of a verification: 1 names one message, 0 shows none.
    var verifyMessages: UInt8 = 0x00
    /// bNumberMessage of a modification where it is not the count of prompts.
    var modifyMessages: UInt8?
    var sendsAllIndices = false
    /// wPINMaxExtraDigit with its bytes in the other order.
    var swapsLengths = false
    /// Milliseconds before the pad is asked, while the key that started it is still down.
    var pause = 0
}
