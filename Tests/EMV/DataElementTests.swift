import FoundationEssentials
import Hex
import Keys
import SmartCard
import Testing

@testable import EMV

@Suite("Data elements (EMV Book 3, 4.3, 5.4 and Annex A)")
struct DataElementTests {
    private func data(_ list: String, _ values: [(TagNumber, [UInt8])]) throws -> String {
        var store = DataStore()
        for (tag, value) in values { store.set(tag, value) }
        return store.data(for: try DataObjectList.parse(try #require([UInt8](hex: list)))).hex
    }

    @Test("numeric values are padded and cut on the left")
    func numeric() throws {
        #expect(try data("9F0208", [(0x9F02, [0, 0, 0, 0, 5, 0])]) == "0000000000000500")
        #expect(try data("9F0204", [(0x9F02, [0x12, 0, 0, 0, 5, 0])]) == "00000500")
    }

    @Test("compressed numeric values are padded with FF and cut on the right")
    func compressed() throws {
        #expect(try data("5A0A", [(0x5A, [0x47, 0x61, 0x73])]) == "476173FFFFFFFFFFFFFF")
        #expect(try data("5A02", [(0x5A, [0x47, 0x61, 0x73])]) == "4761")
    }

    @Test("all others are padded with 00 and cut on the right")
    func others() throws {
        #expect(try data("9506" + "9502", [(0x95, [1, 2, 3, 4, 5])]) == "010203040500" + "0102")
        #expect(try data("9F1C0A" + "9F1C02", [(0x9F1C, Array("TERM0001".utf8))]) == "5445524D303030310000" + "5445")
    }

    @Test("unknown, missing and constructed objects are zeros; a length of zero asks for nothing")
    func zeros() throws {
        #expect(
            try data("DF0102" + "9F3703" + "7002" + "9500", [(0xDF01, [9, 9]), (0x70, [9, 9]), (0x95, [1, 2, 3, 4, 5])]) == "00000000000000"
        )
    }

    @Test("every element is in the dictionary once, and those of card and cardholder are marked")
    func dictionary() {
        #expect(Set(DataDictionary.elements.map(\.tag)).count == DataDictionary.elements.count)
        #expect(DataDictionary.elements.count > 110)
        for tag in [0x56, 0x57, 0x5A, 0x5F20, 0x5F24, 0x9F0B, 0x9F1F, 0x9F20, 0x99] as [TagNumber] {
            #expect(DataDictionary[tag]?.isCardData == true)
        }
        #expect(DataDictionary[0x9F02]?.format == .numeric && DataDictionary[0x9F02]?.lengths == 6...6)
        #expect(DataDictionary[0xDF01] == nil)
        for tag in DataObjectTable.standard.request + DataObjectTable.standard.final {
            #expect(DataDictionary[tag] != nil && DataDictionary[tag]?.isCardData == false, "\(tag) goes to the host in the clear")
        }
    }

    @Test("the store prints tags and lengths only")
    func printing() {
        var store = DataStore()
        store.set(0x5A, [0x47, 0x61])
        store.set(0x95, [0xDE, 0xAD])
        var dumped = ""
        dump(store, to: &dumped)
        for text in ["\(store)", dumped, String(reflecting: store)] {
            #expect(!text.contains("4761") && !text.contains("DEAD") && !text.contains("71") && !text.contains("222"))
        }
        #expect("\(store)" == "5A(2) 95(2)")
    }

    @Test("years up to 49 are this century's")
    func years() throws {
        #expect(KernelDate(numeric: [0x49, 0x12, 0x31])?.year == 2049)
        #expect(KernelDate(numeric: [0x50, 0x01, 0x01])?.year == 1950)
        #expect(KernelDate(year: 2025, month: 1, day: 9).numeric.hex == "250109")
        #expect(KernelDate(year: 2025, month: 11, day: 30) < KernelDate(year: 2025, month: 12, day: 1))
    }

    @Test("named bits are where the books have them")
    func bits() {
        #expect(TerminalVerificationResults.offlineDataAuthenticationNotPerformed.bytes.hex == "8000000000")
        #expect(
            TerminalVerificationResults([.newCard, .onlinePINEntered, .merchantForcedOnline, .scriptFailedAfterFinalCryptogram]).bytes.hex
                == "0008040810")
        #expect(TransactionStatusInformation([.cardholderVerificationPerformed, .scriptProcessingPerformed]).bytes.hex == "4400")
        #expect(
            ApplicationInterchangeProfile([.cardholderVerificationSupported, .issuerAuthenticationSupported, .cdaSupported]).bytes.hex
                == "1500")
        #expect(ApplicationConfiguration.commonDenial.bytes.hex == "0010000000")
        #expect(ApplicationConfiguration.commonOnline.bytes.hex == "FC50BCF800")
        #expect(ApplicationConfiguration.commonDefault.bytes.hex == "FC50BCA000")
        #expect(TerminalData().capabilities.bytes.hex == "E02800" && TerminalData().additionalCapabilities.bytes.hex == "7000B0F001")
        #expect(TerminalVerificationResults(bytes: [1, 2, 3, 4]) == nil)
    }

    @Test("numbers too large for their element keep their last digits, none trap")
    func extremes() {
        #expect(NumericCoding.bytes(Int64.max, count: 2).hex == "5807")
        #expect(NumericCoding.bytes(Int64.min, count: 2).hex == "0000")
        #expect(NumericCoding.bytes(digits: "12a3456789", count: 3).hex == "456789")
        #expect(NumericCoding.bytes(digits: "", count: 2).hex == "0000")
        #expect(NumericCoding.value([UInt8](repeating: 0x99, count: 40)) == nil)
    }
}
