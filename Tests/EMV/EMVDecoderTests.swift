import Hex
import SmartCard
import Testing

@testable import EMV

@Suite("Decoding for people (countertop emv decode)")
struct EMVDecoderTests {
    private func decode(_ text: String, _ kind: DecodedObject.Kind? = nil) throws -> String {
        try EMVDecoder.decode(hex: text, as: kind).text
    }

    private func expect(_ text: String, _ kind: DecodedObject.Kind? = nil, _ expected: String) throws {
        #expect(try decode(text, kind) == expected)
    }

    @Test("every set bit of a TVR is named with its byte and bit (Book 3, C5)")
    func terminalVerificationResults() throws {
        try expect(
            "8000008800", .terminalVerificationResults,
            """
            byte 1 bit 8: Offline data authentication was not performed
            byte 4 bit 8: Transaction exceeds floor limit
            byte 4 bit 4: Merchant forced transaction online
            """)
        try expect("0000000000", .terminalVerificationResults, "no bit is set")
        try expect("0004000000", .terminalVerificationResults, "byte 2 bit 3: reserved for future use")
    }

    @Test("named bits of the other elements (Book 3, C1, C2, C6; Book 4, A2, A3)")
    func bits() throws {
        try expect(
            "E800", .transactionStatusInformation,
            """
            byte 1 bit 8: Offline data authentication was performed
            byte 1 bit 7: Cardholder verification was performed
            byte 1 bit 6: Card risk management was performed
            byte 1 bit 4: Terminal risk management was performed
            """)
        try expect(
            "1900", .applicationInterchangeProfile,
            """
            byte 1 bit 5: Cardholder verification is supported
            byte 1 bit 4: Terminal risk management is to be performed
            byte 1 bit 1: CDA supported
            """)
        try expect(
            "0140", .applicationUsageControl,
            "byte 1 bit 1: Valid at terminals other than ATMs\nbyte 2 bit 7: International cashback allowed")
        try expect(
            "2028C8", .terminalCapabilities,
            """
            byte 1 bit 6: IC with contacts
            byte 2 bit 6: Signature
            byte 2 bit 4: No CVM required
            byte 3 bit 8: SDA
            byte 3 bit 7: DDA
            byte 3 bit 4: CDA
            """)
        try expect(
            "4000802001", .additionalTerminalCapabilities,
            """
            byte 1 bit 7: Goods
            byte 3 bit 8: Numeric keys
            byte 4 bit 6: Display, attendant
            byte 5 bit 1: Code table 1
            """)
    }

    @Test("the tables for people and the kernel's constants have the same bits under the same names")
    func tablesAgreeWithKernel() throws {
        for (kernel, kind, text) in [
            (TerminalVerificationResults.pinTryLimitExceeded.bytes, .terminalVerificationResults, "PIN Try Limit exceeded"),
            (TerminalVerificationResults.defaultTDOLUsed.bytes, .terminalVerificationResults, "Default TDOL used"),
            (TerminalVerificationResults.newCard.bytes, .terminalVerificationResults, "New card"),
            (
                TransactionStatusInformation.scriptProcessingPerformed.bytes, .transactionStatusInformation,
                "Script processing was performed"
            ),
            (ApplicationInterchangeProfile.ddaSupported.bytes, .applicationInterchangeProfile, "DDA supported"),
            (ApplicationUsageControl.cashMachines.bytes, .applicationUsageControl, "Valid at ATMs"),
            (TerminalCapabilities.cardCapture.bytes, .terminalCapabilities, "Card capture"),
            (AdditionalTerminalCapabilities.printCardholder.bytes, .additionalTerminalCapabilities, "Print, cardholder"),
        ] as [([UInt8], DecodedObject.Kind, String)] {
            #expect(try EMVDecoder.decode(kernel, as: kind).text.hasSuffix(": \(text)"))
        }
        for kind in DecodedObject.Kind.allCases {
            guard let table = kind.bitTable else { continue }
            #expect(table.rows.allSatisfy { $0.count == 8 }, "\(kind.rawValue)")
        }
    }

    @Test("CVM results: method, condition, result (Book 4, A4)")
    func cvmResults() throws {
        try expect(
            "1E0300", .cvmResults,
            """
            CVM performed 1E: Signature, else fail
            condition 03: if terminal supports the CVM
            result 00: unknown (for example, for signature)
            """)
        try expect(
            "3F0000", .cvmResults,
            """
            CVM performed 3F: No CVM performed
            condition 00: no meaning, no CVM was performed
            result 00: unknown (for example, for signature)
            """)
    }

    @Test("CVM lists: amounts, then every rule; half a rule is refused (Book 3, 10.5)")
    func cvmLists() throws {
        try expect("000186A0000003E8", .cvmList, "amount X: 100000 minor units\namount Y: 1000 minor units\nno rule")
        try expect(
            "000186A0000003E81E03", .cvmList,
            """
            amount X: 100000 minor units
            amount Y: 1000 minor units
            rule 1 1E03: Signature, if terminal supports the CVM; else fail
            """)
        try expect(
            "00000000000000004201440341035E0342031F03", .cvmList,
            """
            amount X: 0 minor units
            amount Y: 0 minor units
            rule 1 4201: Enciphered PIN verified online, if unattended cash; else the next rule
            rule 2 4403: Enciphered PIN verification performed by ICC, if terminal supports the CVM; else the next rule
            rule 3 4103: Plaintext PIN verification performed by ICC, if terminal supports the CVM; else the next rule
            rule 4 5E03: Signature, if terminal supports the CVM; else the next rule
            rule 5 4203: Enciphered PIN verified online, if terminal supports the CVM; else the next rule
            rule 6 1F03: No CVM required, if terminal supports the CVM; else fail
            """)
        #expect(throws: DecodingFailure.self) { try decode("000186A0000003E81E0342", .cvmList) }
    }

    @Test("cryptogram information, terminal and transaction type, file locator")
    func codes() throws {
        try expect(
            "80", .cryptogramInformation,
            "cryptogram: ARQC (asks for the issuer)\nno advice required\nreason, advice or referral code: no information given")
        try expect(
            "09", .cryptogramInformation,
            "cryptogram: AAC (declined)\nadvice required\nreason, advice or referral code: service not allowed")
        try expect(
            "C0", .cryptogramInformation,
            "cryptogram: reserved for future use\nno advice required\nreason, advice or referral code: no information given")
        try expect("22", .terminalType, "operated by: merchant\nenvironment: attended, offline with online capability")
        try expect("09", .transactionType, "transaction type 09: purchase with cashback")
        try expect(
            "0801010110010300", .applicationFileLocator,
            "SFI 1, record 1, the first 1 of them for offline data authentication\nSFI 2, records 1 to 3, none of them for offline data authentication"
        )
    }

    @Test(
        "status words are named (ISO/IEC 7816-4, 5.6)",
        arguments: [
            ("9000", "success"), ("6A82", "checking error: file not found"),
            ("6283", "warning: selected file invalidated (application blocked)"),
            ("63C2", "warning: counter is 2 (VERIFY: PIN tries left)"), ("611C", "success, 28 bytes wait for GET RESPONSE"),
            ("6C00", "wrong length, the command again with Le for 256 bytes"), ("6999", "checking error: the command was refused"),
            ("9F11", "the application's own"),
        ])
    func statusWords(text: String, meaning: String) throws {
        let decoded = try EMVDecoder.decode(hex: text)
        #expect(decoded.kind == .statusWord && decoded.isGuess && decoded.lines.map(\.text) == ["SW \(text): \(meaning)"])
    }

    @Test("data object lists: every tag with length and name (Book 3, 5.4)")
    func dataObjectLists() throws {
        try expect(
            "9F02069505DF0101", .dataObjectList,
            """
            9F02, 6 bytes: Amount, Authorised (Numeric)
            95, 5 bytes: Terminal Verification Results
            DF01, 1 byte: unknown tag
            data of 12 bytes in all
            """)
    }

    @Test("an answer to reset: interface bytes, protocols, historical bytes, what EMV rejects")
    func answerToReset() throws {
        try expect(
            "3B 65 00 00 41 42 43 44 45", .atr,
            """
            TS 3B: direct convention
            T0 65: 5 historical bytes
            TB1 00: VPP is not used
            TC1 00: extra guard time N = 0
            protocols: T=0
            historical bytes: 4142434445 "ABCDE"
            EMV takes it after a cold reset
            """)
        let bytes = try #require([UInt8](hex: "3BE00000" + "81" + "31" + "FE45"))
        let block = try EMVDecoder.decode(bytes + [bytes.dropFirst().reduce(0, ^)])
        #expect(block.kind == .atr)
        for line in ["TA3 FE: IFSC = 254", "TB3 45: BWI = 4, CWI = 5", "protocols: T=1", "TD2 31: T=1"] {
            #expect(block.lines.contains { $0.text == line }, "\(line) is missing in:\n\(block.text)")
        }
        #expect(try decode("3B 90 18 80 01 09").contains("TA1 18: F = 372, D = 12"))
        #expect(throws: DecodingFailure.self) { try decode("3B65", .atr) }
    }

    @Test("a template: names, indentation, text, and known values below their line")
    func template() throws {
        try expect(
            "6F298407A0000000031010A51E500B56495341204352454449548701019F38069F1A029F35015F2D02656E", .tlv,
            """
            6F (41 bytes) File Control Information (FCI) Template
              84 (7 bytes) Dedicated File (DF) Name: A0000000031010
              A5 (30 bytes) File Control Information (FCI) Proprietary Template
                50 (11 bytes) Application Label: 5649534120435245444954 "VISA CREDIT"
                87 (1 byte) Application Priority Indicator: 01
                9F38 (6 bytes) Processing Options Data Object List (PDOL): 9F1A029F3501
                  9F1A, 2 bytes: Terminal Country Code
                  9F35, 1 byte: Terminal Type
                  data of 3 bytes in all
                5F2D (2 bytes) Language Preference: 656E "en"
            """)
    }

    @Test("field 55 of a sale: values bit by bit, a value of a wrong length shown as it is")
    func fieldOfHost() throws {
        try expect(
            "9F270180" + "9F36020001" + "9505" + "0000008000" + "9C0100" + "9F0206000000000500" + "82021900" + "9F34031E0300" + "9F350122"
                + "9B01E8", .tlv,
            """
            9F27 (1 byte) Cryptogram Information Data: 80
              cryptogram: ARQC (asks for the issuer)
              no advice required
              reason, advice or referral code: no information given
            9F36 (2 bytes) Application Transaction Counter (ATC): 0001
            95 (5 bytes) Terminal Verification Results: 0000008000
              byte 4 bit 8: Transaction exceeds floor limit
            9C (1 byte) Transaction Type: 00
              transaction type 00: purchase (goods and services)
            9F02 (6 bytes) Amount, Authorised (Numeric): 000000000500
            82 (2 bytes) Application Interchange Profile (AIP): 1900
              byte 1 bit 5: Cardholder verification is supported
              byte 1 bit 4: Terminal risk management is to be performed
              byte 1 bit 1: CDA supported
            9F34 (3 bytes) Cardholder Verification Method (CVM) Results: 1E0300
              CVM performed 1E: Signature, else fail
              condition 03: if terminal supports the CVM
              result 00: unknown (for example, for signature)
            9F35 (1 byte) Terminal Type: 22
              operated by: merchant
              environment: attended, offline with online capability
            9B (1 byte) Transaction Status Information: E8
              not decoded: tsi has 2 bytes, not 1
            """)
    }

    @Test("text of a card cannot steer the screen")
    func controlCharacters() throws {
        try expect("50041B5B324A", .tlv, "50 (4 bytes) Application Label: 1B5B324A")
    }
}
