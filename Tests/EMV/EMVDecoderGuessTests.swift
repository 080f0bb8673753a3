import Seeds
import FoundationEssentials
import Hex
import SmartCard
import Testing

@testable import EMV

@Suite("What emv decode takes bytes for, and what it refuses")
struct EMVDecoderGuessTests {
    @Test(
        "the kind is guessed from the bytes, and the guess is said",
        arguments: [
            ("3B6500004142434445", .atr), ("9000", .statusWord), ("6A82", .statusWord),
            // 80 00 and 88 00 around padding would be TLV to a parser; 88 is never empty.
            ("8000008800", .terminalVerificationResults), ("0000000000", .terminalVerificationResults), ("9F36020001", .tlv),
            ("5003564953", .tlv), ("82021900", .tlv), ("6F098407A0000000031010", .tlv), ("6F098407A00000000310109000", .response),
            ("6F098407A0000000031010611C", .response), ("3B026F00", .atr), ("9F02069F03069F1A0295055F2A029A039C019F3704", .dataObjectList),
        ] as [(String, DecodedObject.Kind)])
    func guesses(text: String, kind: DecodedObject.Kind) throws {
        let decoded = try EMVDecoder.decode(hex: text)
        #expect(decoded.kind == kind && decoded.isGuess)
        #expect(decoded.text.hasPrefix("Taken for ") && decoded.text.contains("--as"))
        #expect(try !EMVDecoder.decode(hex: text, as: kind).text.contains("Taken for"))
    }

    @Test("a response shows its data and its status word")
    func response() throws {
        let lines = try EMVDecoder.decode(hex: "6F098407A00000000310109000").lines
        #expect(lines.count == 3 && lines.last == .init(depth: 0, text: "SW 9000: success"))
    }

    @Test(
        "what cannot be decoded says so with its code",
        arguments: [
            ("", nil, .empty), ("9F3", nil, .notHexadecimal), ("xyz0", nil, .notHexadecimal), ("5A0847617390", nil, .unknown),
            ("1E0300", nil, .unknown), ("80", nil, .unknown), ("9F0206FFFF01", nil, .unknown), ("00000000", .tlv, .malformed),
            ("7003500230", .tlv, .malformed), ("8000", .terminalVerificationResults, .length),
            ("000186A0000003E81E0342", .cvmList, .length),
            ("9F02", .dataObjectList, .malformed), ("3B65", .atr, .malformed), ("08010101FF", .applicationFileLocator, .malformed),
            ("90", .response, .length),
        ] as [(String, DecodedObject.Kind?, DecodingFailure.Code)])
    func refusals(text: String, kind: DecodedObject.Kind?, code: DecodingFailure.Code) {
        #expect { try EMVDecoder.decode(hex: text, as: kind) } throws: { ($0 as? DecodingFailure)?.code == code }
    }

    @Test("bytes of no guessable form are told what they could be by their length")
    func hint() {
        #expect { try EMVDecoder.decode(hex: "1E0300") } throws: { "\($0)".contains("cvm-results, terminal-capabilities") }
    }

    @Test("random, cut and changed bytes give lines or a failure of every kind, never a trap")
    func randomBytes() throws {
        var random = SeededRandom(seed: 23)
        let samples = try [
            "6F298407A0000000031010A51E500B56495341204352454449548701019F38069F1A029F35015F2D02656E9000",
            "70365A0847617390010101195F240325123157134761739001010119D25122010123456789000F8E0A00000000000000001E039F0702FF00",
            "3BE5000081 31FE454142434445 00", "9F02069F03069F1A0295055F2A029A039C019F3704", "00000000000000004201440341035E0342031F03",
            "9F270180950500000080009C010082021900940808010101100103009F34031E03009F350122",
        ].map { try #require([UInt8](hex: $0)) }
        for round in 0..<3000 {
            var bytes = random.bytes(upTo: 60)
            if round.isMultiple(of: 2), let sample = samples.randomElement(using: &random) {
                bytes = Array(sample.prefix(Int.random(in: 0...sample.count, using: &random)))
                if let index = bytes.indices.randomElement(using: &random) { bytes[index] = .random(in: .min ... .max, using: &random) }
            }
            for kind in [nil] + DecodedObject.Kind.allCases.map(Optional.some) {
                do throws(DecodingFailure) {
                    let decoded = try EMVDecoder.decode(bytes, as: kind)
                    #expect(!decoded.lines.isEmpty && decoded.lines.allSatisfy { !$0.text.isEmpty && $0.depth < 20 })
                } catch {
                    #expect(!error.message.isEmpty)
                }
            }
        }
    }

    @Test("the examples of docs/emv-decode.md are what the decoder says")
    func documentation() throws {
        let root = #filePath.components(separatedBy: "/Tests/")[0]
        let page = String(decoding: try #require(FileManager.default.contents(atPath: root + "/docs/emv-decode.md")), as: UTF8.self)
        let examples = page.components(separatedBy: "```console\n$ countertop emv decode ").dropFirst()
        #expect(examples.count == 2)
        for example in examples {
            let block = example.components(separatedBy: "\n```")[0]
            let lines = block.components(separatedBy: "\n")
            let arguments = lines[0].components(separatedBy: " ")
            var kind: DecodedObject.Kind?
            var hex = lines[0]
            if arguments.first == "--as" {
                let named: DecodedObject.Kind = try #require(.init(rawValue: arguments[1]))
                kind = named
                hex = arguments.dropFirst(2).joined(separator: " ")
            }
            #expect(try EMVDecoder.decode(hex: hex, as: kind).text == lines.dropFirst().joined(separator: "\n"))
        }
        for kind in DecodedObject.Kind.allCases { #expect(page.contains("| `\(kind.rawValue)` |"), "\(kind.rawValue) is not in the table") }
    }
}
