import Seeds
import Hex
import Testing

@testable import Devices

@Suite("PIN operations (CCID 1.10, 6.1.11)") struct CCIDPINEntryTests {
    private func verify(_ habits: CCIDPINHabits = CCIDPINHabits()) -> CCIDPINEntry {
        .verifyPlaintext(timeout: 30, minimumDigits: 4, maximumDigits: 12, habits: habits)
    }

    @Test("a verification with a format-2 block, byte by byte") func verification() {
        let message = CCIDCommand.secure(verify(CCIDPINHabits(verifyMessages: 1)).bytes).bytes(slot: 0, sequence: 9)
        #expect(message.hex == "691C000000" + "0009000000" + "001E8947040C0402010904" + "00" + "000000" + "002000800820FFFFFFFFFFFFFF")
    }

    @Test("a modification with the old PIN asks three times and names three messages, without it two") func modification() {
        func modify(old: Bool, _ habits: CCIDPINHabits = CCIDPINHabits()) -> String {
            CCIDPINEntry.modifyPlaintext(
                instruction: 0x24, p1: old ? 0 : 1, withOldPIN: old, timeout: 0, minimumDigits: 4, maximumDigits: 8, habits: habits
            ).bytes.hex
        }
        let block = "20FFFFFFFFFFFFFF"
        #expect(modify(old: true) == "01008947040008" + "0804" + "030203" + "0904" + "000102" + "000000" + "0024008010" + block + block)
        #expect(modify(old: false) == "01008947040000" + "0804" + "010202" + "0904" + "0001" + "000000" + "0024018008" + block)
        // SPR532 and its kin: no message, and all indices all the same.
        let scm = CCIDPINHabits(modifyMessages: 0, sendsAllIndices: true)
        #expect(modify(old: false, scm) == "01008947040000" + "0804" + "010200" + "0904" + "000102" + "000000" + "0024018008" + block)
        #expect(
            modify(old: false, CCIDPINHabits(modifyMessages: 0)) == "01008947040000" + "0804" + "010200" + "0904" + "00" + "000000"
                + "0024018008" + block)
    }

    @Test("readers with habits of their own get what they want") func habits() {
        #expect(verify(CCIDPINHabits(swapsLengths: true)).bytes.hex.hasPrefix("001E894704" + "040C"))
        #expect(verify(CCIDPINHabits(verifyMessages: 0)).bytes[8] == 0)
        var t1 = verify()
        t1.prologue = [0x00, 0x40, 0x0D]
        #expect(t1.bytes[12..<15].elementsEqual([0x00, 0x40, 0x0D]))
    }

    @Test("numbers beyond a byte are cut to the largest, not wrapped") func clamped() {
        #expect(CCIDSlot.byte(300) == 255 && CCIDSlot.byte(-1) == 0 && CCIDSlot.byte(12) == 12)
    }
}

@Suite("The lab pad's answers") struct LabPINPadAnswerTests {
    @Test("any bytes are read or refused, never a trap") func random() throws {
        var random = SeededRandom(seed: 8)
        for _ in 0..<50_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...32, using: &random) }
            guard let answer = try? LabPINPadAnswer(bytes) else { continue }
            _ = try? answer.entry()
            _ = try? answer.verification()
        }
        #expect(throws: DeviceError.self) { try LabPINPadAnswer([]) }
        #expect(throws: DeviceError.self) { try LabPINPadAnswer([9]) }
        #expect(throws: DeviceError.self) { try LabPINPadAnswer([0, 0, 1, 7, 0, 0]).entry() }
        #expect(throws: DeviceError.self) { try LabPINPadAnswer([0, 0x90]).verification() }
    }
}
