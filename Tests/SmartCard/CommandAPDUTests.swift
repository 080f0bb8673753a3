import Seeds
import Hex
import SmartCard
import Testing

@Suite("Command and response APDUs")
struct CommandAPDUTests {
    @Test(
        "the eight forms of ISO/IEC 7816-4, 5.1 are written and read back",
        arguments: [
            (0, nil, "00A40400"),
            (0, 16, "00A4040010"),
            (0, 256, "00A4040000"),
            (0, 257, "00A40400000101"),
            (0, 65_536, "00A40400000000"),
            (2, nil, "00A4040002" + "5555"),
            (2, 1, "00A4040002" + "5555" + "01"),
            (2, 256, "00A4040002" + "5555" + "00"),
            (2, 4096, "00A40400000002" + "5555" + "1000"),
            (2, 65_536, "00A40400000002" + "5555" + "0000"),
        ] as [(Int, Int?, String)])
    func forms(count: Int, expected: Int?, text: String) throws {
        let command = CommandAPDU(0x00, 0xA4, 0x04, 0x00, data: [UInt8](repeating: 0x55, count: count), expectedLength: expected)
        #expect(try command.serialized().hex == text)
        #expect(try CommandAPDU.parse(try #require([UInt8](hex: text))) == command)
    }

    @Test("255 bytes are the last short case, 256 the first extended one")
    func boundary() throws {
        let short = CommandAPDU(0x80, 0xAE, 0, 0, data: [UInt8](repeating: 1, count: 255), expectedLength: 256)
        #expect(try short.serialized().count == 4 + 1 + 255 + 1)
        #expect(try CommandAPDU.parse(try short.serialized()) == short)
        let extended = CommandAPDU(0x80, 0xAE, 0, 0, data: [UInt8](repeating: 1, count: 256))
        #expect(try Array(extended.serialized()[4..<7]) == [0x00, 0x01, 0x00])
        #expect(try CommandAPDU.parse(try extended.serialized()) == extended)
    }

    @Test("lengths that no command APDU can say are refused")
    func impossible() {
        for expected in [0, -1, 65_537, Int.max, Int.min] {
            #expect(throws: SmartCardError.self) { try CommandAPDU(0, 0, 0, 0, expectedLength: expected).serialized() }
        }
        #expect(throws: SmartCardError.self) { try CommandAPDU(0, 0, 0, 0, data: [UInt8](repeating: 0, count: 65_536)).serialized() }
    }

    @Test(
        "malformed commands are named",
        arguments: [
            ("", SmartCardError.Code.commandTruncated), ("00A404", .commandTruncated), ("00A40400035555", .commandTruncated),
            ("00A404000255550000", .commandLength), ("00A404000001", .commandLength), ("00A4040000000055", .commandLength),
            ("00A4040000000455", .commandTruncated), ("00A40400000002555501", .commandLength),
        ])
    func malformed(text: String, code: SmartCardError.Code) throws {
        let bytes = try #require([UInt8](hex: text))
        #expect { try CommandAPDU.parse(bytes) } throws: { ($0 as? SmartCardError)?.code == code }
    }

    @Test("random bytes never trap, and what is read as a command is written as the same command")
    func random() throws {
        var random = SeededRandom(seed: 1)
        for _ in 0..<20_000 {
            var bytes = random.bytes(upTo: 20)
            if bytes.count > 4, Bool.random(using: &random) { bytes[4] = UInt8.random(in: 0...16, using: &random) }
            if let command = try? CommandAPDU.parse(bytes) { #expect(try CommandAPDU.parse(try command.serialized()) == command) }
        }
    }

    @Test("a response is data and the last two bytes")
    func response() throws {
        let response = try ResponseAPDU.parse([0x01, 0x02, 0x6A, 0x82])
        #expect(response == ResponseAPDU(data: [1, 2], status: .fileNotFound))
        #expect(response.serialized() == [0x01, 0x02, 0x6A, 0x82])
        #expect { try ResponseAPDU.parse([0x90]) } throws: { ($0 as? SmartCardError)?.code == .responseTruncated }
        #expect { try ResponseAPDU.parse([UInt8](repeating: 0, count: 65_539)) } throws: {
            ($0 as? SmartCardError)?.code == .responseTooLong
        }
    }

    @Test("printing, reflecting or dumping an APDU shows no data")
    func noData() {
        let command = CommandAPDU(0x00, 0x20, 0x00, 0x80, data: [0xDE, 0xAD])
        let response = ResponseAPDU(data: [0xDE, 0xAD], status: .success)
        var dumped = ""
        dump(command, to: &dumped)
        dump(response, to: &dumped)
        let texts = ["\(command)", "\(response)", String(reflecting: [command]), String(reflecting: [response]), dumped]
        for text in texts { #expect(!text.contains("DE") && !text.contains("222")) }
        #expect("\(command)" == "00 20 00 80 Nc=2 Ne=-")
    }

    @Test(
        "status words say what ISO/IEC 7816-4, 5.6 says",
        arguments: [
            (0x9000, .success), (0x6110, .moreData(16)), (0x6100, .moreData(256)), (0x6C08, .wrongLength(8)), (0x6C00, .wrongLength(256)),
            (0x6283, .warning), (0x63C2, .warning), (0x6400, .executionError), (0x6581, .executionError), (0x6700, .checkingError),
            (0x6985, .checkingError), (0x6F00, .checkingError), (0x9001, .applicationSpecific), (0x9F10, .applicationSpecific),
            (0x6000, .invalid), (0x0000, .invalid), (0xA000, .invalid),
        ] as [(Int, StatusWord.Meaning)])
    func meanings(status: Int, meaning: StatusWord.Meaning) {
        #expect(StatusWord(UInt16(status)).meaning == meaning)
    }
}
