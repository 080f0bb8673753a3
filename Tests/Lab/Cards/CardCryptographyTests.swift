import Seeds
import Hex
import Keys
import SmartCard
import Testing

@testable import Lab

func bytes(_ hex: String) -> [UInt8] { [UInt8](hex: hex)! }
func pan(_ digits: String) -> PAN { PAN(digits)! }

@Suite("Card and issuer cryptography")
struct CardCryptographyTests {
    private struct Row: Sendable {
        var pan: String
        var sequence: Int
        var masterKey: String
        var masterCheck: String
        var sessionKey: String
        var sessionCheck: String
        var data: String
        var padding: RetailMAC.Padding
        var cryptogram: String
        var response: String
    }

    /// knovichikhin/pyemv, tests/test_ac_hsm.py and test_kd_hsm.py: issuer key 0123…3210, R = 1234567890123456, ARC 0000 under the card's key.
    private static let rows: [Row] = [
        Row(
            pan: "12345678901234567", sequence: 45, masterKey: "946DC1A8C78A624519BC4645CB073737", masterCheck: "FF08",
            sessionKey: "C7AEDF49AEF2F146D692400E0B851A8F", sessionCheck: "DF82", data: "0123456789ABCDEF0123456789ABCDEF",
            padding: .bit80, cryptogram: "19C1FBC83EBDC0D5", response: "78A372523FA35A03"),
        Row(
            pan: "12345678901234567", sequence: 0, masterKey: "8357F1866492A1C8D657132AABF25789", masterCheck: "F53A",
            sessionKey: "40F454B643E54C0D7A20DA4A62A72A5E", sessionCheck: "3F4F", data: "0123456789ABCDEF0123456789ABCDEF",
            padding: .bit80, cryptogram: "8698A7319324FD93", response: "BEA11C8F4A47EF6F"),
        Row(
            pan: "9901234567890123", sequence: 45, masterKey: "F84315C7B95BD3B0C74694922C3808B0", masterCheck: "1DA5",
            sessionKey: "3E736BF8D37664348A04E3ABE00DEFC1", sessionCheck: "0995", data: "0123456789ABCDEF0123456789ABCDEF",
            padding: .bit80, cryptogram: "4B46013359B7A58B", response: "F8C9CECAABD55AD1"),
        Row(
            pan: "9901234567890123", sequence: 45, masterKey: "F84315C7B95BD3B0C74694922C3808B0", masterCheck: "1DA5",
            sessionKey: "3E736BF8D37664348A04E3ABE00DEFC1", sessionCheck: "0995", data: "0123456789ABCDEF0123456789ABCDEF01",
            padding: .zeros, cryptogram: "2E141C6BC4A20DA8", response: "16A49AAB314B9262"),
    ]

    @Test("Card key, session key, cryptogram and ARPC as pyemv computes them", arguments: rows.indices)
    func pyemv(index: Int) throws {
        let row = Self.rows[index]
        let cardKey = try CardCryptography.cardMasterKey(
            issuerKey: IssuerCryptography.labMasterKey, pan: pan(row.pan), panSequenceNumber: row.sequence)
        #expect(cardKey == SecretBytes(bytes(row.masterKey)))
        #expect(try KeyCheckValue.tripleDES(cardKey, length: 2).hex == row.masterCheck)
        let sessionKey = try CardCryptography.sessionKey(cardKey: cardKey, diversifier: bytes("1234567890123456"))
        #expect(TripleDES.withOddParity(sessionKey) == SecretBytes(bytes(row.sessionKey)))
        #expect(try KeyCheckValue.tripleDES(sessionKey, length: 2).hex == row.sessionCheck)
        #expect(try RetailMAC.code(for: bytes(row.data), key: sessionKey, padding: row.padding).hex == row.cryptogram)
        #expect(try CardCryptography.responseCryptogram(bytes(row.cryptogram), code: [0, 0], key: cardKey).hex == row.response)
    }

    /// Field 55 with these changes.
    static func fieldData(_ changes: [TagNumber: String] = [:]) -> [UInt8] {
        var values: [TagNumber: String] = [
            0x9F02: "000000000500", 0x9F03: "000000000000", 0x9F1A: "0840", 0x95: "8000008000", 0x5F2A: "0840", 0x9A: "260105", 0x9C: "00",
            0x9F37: "52BF4585", 0x82: "3C00", 0x9F36: "0001", 0x9F10: "06011203A00000", 0x9F26: "D126DA6C4AAAE9C6", 0x9F27: "80",
        ]
        for (tag, value) in changes { values[tag] = value }
        return values.sorted { $0.key < $1.key }.flatMap { BERTLV($0.key, bytes($0.value)).encoded }
    }

    @Test("Visa CVN 10: pyemv's test_cvn_hsm.py")
    func visaCVN10() throws {
        let data = Self.fieldData([
            0x9F02: "000000004000", 0x9F1A: "0124", 0x95: "8000048000", 0x5F2A: "0124", 0x9A: "191105", 0x9C: "01", 0x82: "1800",
            0x9F36: "001C", 0x9F10: "06010A03A06010", 0x9F26: "29CCA15AE665FA2E",
        ])
        let verdict = IssuerCryptography().verify(iccData: data, pan: pan("1234567890123456"), panSequenceNumber: 0)
        guard case .valid(let request) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(try request.issuerAuthenticationData(responseCode: bytes("3030")).hex == "28993816AFAE4AEB3030")
    }

    @Test("Visa CVN 18: pyemv 1.5.0 VisaCVN18.generate_ac, and generate_arpc_1 under its session key")
    func visaCVN18() throws {
        let verdict = IssuerCryptography().verify(iccData: Self.fieldData(), pan: pan("4761739001010119"), panSequenceNumber: 1)
        guard case .valid(let request) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(request.transactionCounter == 1)
        #expect(try request.issuerAuthenticationData(responseCode: bytes("3030")).hex == "7CCB8C6FD2D9E9853030")
        #expect(try request.responseICCData(responseCode: bytes("3030")).hex == "910A7CCB8C6FD2D9E9853030")
        #expect(try request.responseICCData(responseCode: bytes("3030"), corrupted: true) != bytes("910A7CCB8C6FD2D9E9853030"))
        #expect(throws: KeysError.self) { try request.issuerAuthenticationData(responseCode: [0x30]) }
    }

    @Test("Another card, sequence number, counter, amount or any other covered value makes the cryptogram wrong")
    func wrong() {
        let issuer = IssuerCryptography()
        func isWrong(_ data: [UInt8], _ digits: String = "4761739001010119", _ sequence: Int? = 1) -> Bool {
            if case .wrong = issuer.verify(iccData: data, pan: pan(digits), panSequenceNumber: sequence) { true } else { false }
        }
        #expect(isWrong(Self.fieldData(), "4761739001010127"))
        #expect(isWrong(Self.fieldData(), "4761739001010119", 2))
        #expect(isWrong(Self.fieldData(), "4761739001010119", nil))
        for (tag, value) in [
            (0x9F02, "000000000501"), (0x9F03, "000000000001"), (0x9F1A, "0124"), (0x95, "0000008000"), (0x5F2A, "0978"), (0x9A, "260106"),
            (0x9C, "20"), (0x9F37, "52BF4586"), (0x82, "3C01"), (0x9F36, "0002"), (0x9F10, "06011203A00001"), (0x9F26, "D126DA6C4AAAE9C7"),
        ] as [(TagNumber, String)] {
            #expect(isWrong(Self.fieldData([tag: value])), "\(tag)")
        }
    }

    @Test("The sequence number of the data stands in for a missing field 23")
    func sequenceFromData() {
        let verdict = IssuerCryptography().verify(
            iccData: Self.fieldData([0x5F34: "01"]), pan: pan("4761739001010119"), panSequenceNumber: nil)
        guard case .valid = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }

    @Test("Missing or odd data objects are unusable, and say which; cut, changed and random data never trap")
    func unusable() {
        let issuer = IssuerCryptography()
        let card = pan("4761739001010119")
        for tag in [0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37, 0x82, 0x9F36, 0x9F10, 0x9F26] as [TagNumber] {
            for value in ["", "00", String(repeating: "00", count: 40)] where !(tag == 0x9C && value == "00") {
                guard case .unusable(let reason) = issuer.verify(iccData: Self.fieldData([tag: value]), pan: card, panSequenceNumber: 1)
                else {
                    Issue.record("\(tag) as \(value.utf8.count / 2) bytes was used")
                    continue
                }
                #expect(reason.contains(tag.description))
            }
        }
        let good = Self.fieldData()
        for count in 0..<good.count {
            if case .valid = issuer.verify(iccData: Array(good.prefix(count)), pan: card, panSequenceNumber: 1) { Issue.record("\(count)") }
        }
        var generator = SeededRandom(seed: 6)
        for _ in 0..<3000 {
            var data = good
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                data[Int.random(in: 0..<data.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = issuer.verify(iccData: data, pan: card, panSequenceNumber: .random(in: 0...99, using: &generator))
        }
    }
}
