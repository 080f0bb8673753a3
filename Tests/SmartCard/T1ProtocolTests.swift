import Seeds
import Hex
import Testing

@testable import SmartCard

/// Prologue and field in hexadecimal; the LRC is added.
private func block(_ hex: String) -> [UInt8] {
    let bytes = [UInt8](hex: hex) ?? []
    return bytes + [bytes.reduce(0, ^)]
}

@Suite("Block protocol T=1 (EMV Level 1, 9.2.4 and 9.2.5)") struct T1ProtocolTests {
    /// What the terminal does, written as the block it sends, or how it ends.
    private func text(_ action: T1Protocol.Action) -> String {
        switch action {
        case .transmit(let bytes, 1): bytes.dropLast().hex
        case .transmit(let bytes, let multiplier): "\(bytes.dropLast().hex)*\(multiplier)"
        case .finished(let bytes): "=" + bytes.hex
        case .failed: "failed"
        }
    }

    /// Plays `script` (what the card sends, and the terminal's reaction) after the command `first` goes out as expected.
    private func play(
        _ protocol: inout T1Protocol, _ apdu: String, _ first: String, _ script: [(String, String)],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(text(`protocol`.start([UInt8](hex: apdu) ?? [])) == first, sourceLocation: sourceLocation)
        for (card, terminal) in script {
            let event: T1Protocol.Event =
                switch card {
                case "silent": .timedOut
                case "damaged": .damaged
                case "noise": .received([0x00, 0x40, 0x02, 0x90])
                default: .received(block(card))
                }
            #expect(text(`protocol`.on(event)) == terminal, "after \(card)", sourceLocation: sourceLocation)
        }
    }

    private func fresh(cardFieldSize: Int = 254) -> T1Protocol { T1Protocol(.init(cardFieldSize: cardFieldSize)) }

    @Test("the first block is S(IFS request) with 254; its response ends the negotiation") func size() {
        var card = fresh()
        #expect(text(card.negotiateSize()) == "00C101FE")
        #expect(card.on(.received(block("00E101FE"))) == .finished([]))
        play(&card, "00A40400", "00000400A40400", [("0000029000", "=9000")])
    }

    @Test("S(IFS request) is sent three times, whatever else comes, then the session is over") func sizeRefused() {
        for wrong in ["00E10120", "008200", "00C101FE", "0000029000"] {
            var card = fresh()
            #expect(text(card.negotiateSize()) == "00C101FE")
            #expect(text(card.on(.received(block(wrong)))) == "00C101FE")
            #expect(text(card.on(.damaged)) == "00C101FE")
            #expect(text(card.on(.received(block(wrong)))) == "failed")
            #expect(text(card.on(.received(block("00E101FE")))) == "failed")
        }
    }

    @Test("numbers of I-blocks alternate in both directions") func numbers() {
        var card = fresh()
        play(&card, "00B20114", "00000400B20114", [("0000029000", "=9000")])
        play(&card, "00B20214", "00400400B20214", [("0040029000", "=9000")])
        play(&card, "00B20314", "00000400B20314", [("0000026A83", "=6A83")])
    }

    @Test("a long command goes in a chain, each part after the card's R-block") func sendingChain() {
        var card = fresh(cardFieldSize: 4)
        play(
            &card, "00A4040005AABBCCDDEE", "00200400A40400",
            [("009000", "00600405AABBCC"), ("008000", "000002DDEE"), ("0000029000", "=9000")])
    }

    @Test("a long response comes in a chain, each part acknowledged") func receivingChain() {
        var card = fresh()
        play(&card, "00B20114", "00000400B20114", [("0020026F10", "009000"), ("0060028404", "008000"), ("0000029000", "=6F1084049000")])
        play(&card, "00B20214", "00400400B20214", [("0040029000", "=9000")])
    }

    @Test("S(WTX request) is granted with its own multiplier, for the next block only") func waitingTime() {
        var card = fresh()
        play(&card, "00AE8000", "00000400AE8000", [("00C30109", "00E30109*9"), ("00C30101", "00E30101"), ("0000029000", "=9000")])
    }

    @Test("S(IFS request) of the card changes what it is sent from then on; sizes outside 10…FE are invalid") func cardSize() {
        var card = fresh(cardFieldSize: 16)
        play(&card, "00B20114", "00000400B20114", [("00C10120", "00E10120"), ("0000029000", "=9000")])
        let long = "00DA000020" + String(repeating: "11", count: 32)
        play(&card, long, "006020" + long.prefix(64), [("008000", "000005" + long.suffix(10)), ("0040029000", "=9000")])
        var other = fresh()
        play(&other, "00B20114", "00000400B20114", [("00C1010F", "008200"), ("00C101FF", "008200"), ("00C10100", "failed")])
    }

    @Test("after an invalid block the terminal asks again, naming the fault, and takes the repetition") func asksAgain() {
        var card = fresh()
        play(&card, "00B20114", "00000400B20114", [("damaged", "008100"), ("0000029000", "=9000")])
        // Truncated (the checksum does not fit), wrong N(S), unknown PCB.
        play(&card, "00B20114", "00400400B20114", [("noise", "009100"), ("0000029000", "009200"), ("0040029000", "=9000")])
    }

    @Test("the third block without a valid answer is the last") func threeAttempts() {
        var card = fresh()
        play(&card, "00B20114", "00000400B20114", [("damaged", "008100"), ("noise", "008100"), ("damaged", "failed")])
        #expect(text(card.start([0, 0xB2, 1, 0x14])) == "failed", "a session that is over stays over")
        var repeating = fresh()
        // R-blocks with our own number ask for the I-block again.
        play(&repeating, "00B20114", "00000400B20114", [("008100", "00000400B20114"), ("008200", "00000400B20114"), ("008100", "failed")])
    }

    @Test("a repetition counts from the last valid answer") func countsAnew() {
        var card = fresh()
        play(
            &card, "00B20114", "00000400B20114",
            [
                ("damaged", "008100"), ("damaged", "008100"), ("0020026F10", "009000"), ("damaged", "009100"), ("damaged", "009100"),
                ("0040029000", "=6F109000"),
            ])
    }

    @Test("an R-block in the middle of a chain repeats the part, at its end it acknowledges nothing") func readyBlocks() {
        var card = fresh(cardFieldSize: 4)
        play(
            &card, "00A4040001AA", "00200400A40400",
            [
                ("008100", "00200400A40400"), ("009000", "00400201AA"), ("008000", "008200"), ("009100", "00400201AA"),
                ("0000029000", "=9000"),
            ])
    }

    @Test("silence and S(ABORT request) end the session") func ends() {
        for end in ["silent", "00C200"] {
            var card = fresh()
            play(&card, "00B20114", "00000400B20114", [(end, "failed"), ("0000029000", "failed")])
        }
        var resynchronising = fresh()
        play(&resynchronising, "00B20114", "00000400B20114", [("00C000", "008200"), ("00E000", "008200"), ("00E301", "failed")])
    }

    @Test("a card cannot ask for more time, or chain, for ever") func bounded() {
        var waiting = fresh()
        _ = waiting.start([0, 0xB2, 1, 0x14])
        var count = 0
        while case .transmit = waiting.on(.received(block("00C30101"))) { count += 1 }
        #expect(count == T1Protocol.maximumExtensions)
        var endless = fresh()
        _ = endless.start([0, 0xB2, 1, 0x14])
        var number: UInt8 = 0
        count = 0
        while case .transmit = endless.on(.received(block([0, number << 6 | 0x20, 254].hex + String(repeating: "00", count: 254)))) {
            number ^= 1
            count += 1
        }
        #expect(count == T1Protocol.longestResponse / 254)
        var empty = fresh()
        _ = empty.start([0, 0xB2, 1, 0x14])
        #expect(text(empty.on(.received(block("002000")))) == "009000")
        #expect(text(empty.on(.received(block("006000")))) == "008000")
        #expect(text(empty.on(.received(block("002000")))) == "009000")
        #expect(text(empty.on(.received(block("006000")))) == "failed")
    }

    @Test("a block that the reader made is counted, and cannot be asked for again") func hidden() {
        var card = fresh()
        #expect(card.startHidden(length: 13) == [0x00, 0x00, 13])
        #expect(text(card.on(.received(block("00C30102")))) == "00E30102*2")
        #expect(text(card.on(.received(block("0000029000")))) == "=9000")
        #expect(card.startHidden(length: 13) == [0x00, 0x40, 13])
        card.finishHidden()
        play(&card, "00B20114", "00000400B20114", [("0000029000", "=9000")])
        #expect(card.startHidden(length: 13) == [0x00, 0x40, 13])
        #expect(text(card.on(.received(block("009100")))) == "failed")
    }

    @Test("whatever a card sends, an exchange ends after a bounded number of blocks") func random() {
        var random = SeededRandom(seed: 41)
        for round in 0..<3_000 {
            var card = T1Protocol(.init(cardFieldSize: Int.random(in: 0...300, using: &random), checksum: round % 2 == 0 ? .lrc : .crc))
            var action = round % 5 == 0 ? card.negotiateSize() : card.start(random.bytes(upTo: 300))
            var steps = 0
            while case .transmit = action {
                steps += 1
                guard steps < 2_000 else {
                    Issue.record("the exchange does not end")
                    break
                }
                var bytes = random.bytes(upTo: 12)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: action = card.on(.damaged)
                case 1: action = card.on(.received(bytes))
                default:
                    // A well-formed block with random content.
                    bytes = [0, UInt8.random(in: .min ... .max, using: &random), UInt8(bytes.count)] + bytes
                    if round % 2 == 0 { bytes.append(bytes.reduce(0, ^)) } else { bytes += T1Block.Checksum.crc.code(of: bytes[...]) }
                    action = card.on(.received(bytes))
                }
            }
        }
    }
}

@Suite("Blocks of T=1") struct T1BlockTests {
    @Test("every kind of block survives writing and reading, with both checksums") func roundTrip() {
        var contents: [T1Block.Content] = [
            .information(number: 0, more: false, []), .information(number: 1, more: true, Array(repeating: 7, count: 254)),
        ]
        for fault in T1Block.Fault.allCases { contents += [.ready(expected: 0, fault), .ready(expected: 1, fault)] }
        for kind in T1Block.Supervisory.allCases {
            let field: [UInt8] = kind == .informationFieldSize || kind == .waitingTime ? [9] : []
            contents += [.supervisory(kind, isResponse: false, field), .supervisory(kind, isResponse: true, field)]
        }
        for content in contents {
            for checksum in [T1Block.Checksum.lrc, .crc] {
                let bytes = T1Block(content).bytes(checksum)
                #expect(T1Block.parse(bytes, checksum) == .block(T1Block(content)))
                for index in bytes.indices {
                    var damaged = bytes
                    damaged[index] ^= 0x10
                    #expect(T1Block.parse(damaged, checksum) != .block(T1Block(content)))
                }
                for end in bytes.indices {
                    if case .block = T1Block.parse(Array(bytes.prefix(end)), checksum) { Issue.record("\(end) bytes are a block") }
                }
            }
        }
    }

    @Test("the trace of a real card's waiting time extension") func trace() {
        #expect(T1Block.parse([0x00, 0xC3, 0x01, 0x09, 0xCB], .lrc) == .block(T1Block(.supervisory(.waitingTime, isResponse: false, [9]))))
        #expect(T1Block(.supervisory(.waitingTime, isResponse: true, [9])).bytes(.lrc) == [0x00, 0xE3, 0x01, 0x09, 0xEB])
    }

    @Test("node addresses, reserved bits and wrong lengths are invalid") func invalid() {
        for hex in ["11000100", "001000", "00A000", "008300", "00C400", "00C100", "00C3020101", "008001AA", "00C001AA"] {
            #expect(T1Block.parse(block(hex), .lrc) == .invalid(.other), "\(hex)")
        }
        #expect(T1Block.parse([0x00, 0x00, 0x00, 0x01], .lrc) == .invalid(.checksum))
        #expect(T1Block.parse([], .lrc) == .invalid(.other))
    }
}
