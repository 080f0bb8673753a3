import Seeds
import Keys
import Testing

@testable import MagneticStripe

/// Published test data of MagTek's reference manual (D99875475); no issuer has the numbers.
private let track1 = "%B5452300551227189^HOGAN/PAUL      ^08043210000000725000000?"
private let track2 = ";5452300551227189=080432100000007250?"
private let track3 = ";015163499080020445=000000000000?"

private func secret(_ text: String) -> SecretBytes { SecretBytes(text.utf8) }

extension SecretBytes {
    fileprivate var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}

private func code<Value>(_ body: () throws(MagneticStripeError) -> Value) -> MagneticStripeError.Code? {
    do throws(MagneticStripeError) {
        _ = try body()
        return nil
    } catch {
        return error.code
    }
}

@Suite("Tracks 1 to 3 (ISO/IEC 7811, 7813, 4909)")
struct TrackTests {
    @Test("track 1: account number, name, expiry, service code, discretionary data; field 45 is the track without its sentinels")
    func first() throws {
        let track = try Track1(secret(track1))
        #expect(track.accountNumber.withDigits { $0 } == "5452300551227189")
        #expect(track.name.text == "HOGAN/PAUL      ")
        #expect(track.expiry?.yymm == "0804")
        #expect(track.serviceCode == ServiceCode("321"))
        #expect(track.discretionaryData.text == "0000000725000000")
        #expect(track.field45.text == String(track1.dropFirst().dropLast()))
    }

    @Test("track 2: account number, expiry, service code, discretionary data; field 35 is the track without its sentinels")
    func second() throws {
        let track = try Track2(secret(track2))
        #expect(track.accountNumber.withDigits { $0 } == "5452300551227189")
        #expect(track.expiry?.yymm == "0804")
        #expect(track.serviceCode == ServiceCode("321"))
        #expect(track.discretionaryData.text == "00000007250")
        #expect(track.field35.text == "5452300551227189=080432100000007250")
    }

    @Test("track 3: format code and account number; begins with ; or, from some readers, + or #", arguments: [";", "+", "#"])
    func third(start: String) throws {
        let track = try Track3(secret(start + track3.dropFirst()))
        #expect(track.formatCode == "01")
        #expect(track.accountNumber.lastFour == "0445")
        #expect(track.useAndSecurityData.text == "000000000000")
    }

    @Test("a redundancy check behind the end sentinel is checked (the one of ID TECH's sample, then every other)")
    func redundancy() throws {
        let sample = ";4266841088889999=080910110000046?"
        #expect(try Track2(secret(sample + "0")).accountNumber.lastFour == "9999")
        for value in UInt8(0x31)...0x3F {
            #expect(code { () throws(MagneticStripeError) in try Track2(SecretBytes(Array(sample.utf8) + [value])) } == .redundancy)
        }
        let first = "%B4266841088889999^BUSH JR/GEORGE W.MR^0809101100001100000000046000000?"
        #expect(try Track1(secret(first + "!")).accountNumber.lastFour == "9999")
        #expect(code { () throws(MagneticStripeError) in try Track1(secret(first + "\"")) } == .redundancy)
    }

    @Test("zero bytes behind the track are a reader's filling; anything else is not")
    func filling() {
        #expect(code { () throws(MagneticStripeError) in try Track2(SecretBytes(Array(track2.utf8) + [0, 0, 0])) } == nil)
        #expect(code { () throws(MagneticStripeError) in try Track2(secret(track2 + "?;")) } == .framing)
        #expect(code { () throws(MagneticStripeError) in try Track2(secret(track2 + "000")) } == .framing)
    }

    @Test("expiry and service code may be left out with a separator in their place")
    func leftOut() throws {
        let track = try Track2(secret(";5452300551227189===123?"))
        #expect(track.expiry == nil)
        #expect(track.serviceCode == nil)
        #expect(track.discretionaryData.text == "123")
        let first = try Track1(secret("%B5452300551227189^A/B^^^X?"))
        #expect(first.expiry == nil)
        #expect(first.serviceCode == nil)
    }

    @Test(
        "what is no payment card's track 2 is refused with its reason",
        arguments: [
            ("", MagneticStripeError.Code.framing), ("?", .framing), (";?", .accountNumber), (";E?", .character),
            ("5452=0804101?", .framing),
            (";5452300551227189=0804101", .framing), (";1234567=0804101?", .accountNumber),
            (";54523005512271891234=0804101?", .accountNumber),
            (";5452300551227189=0?", .expiry), (";5452300551227189=0813101?", .expiry), (";5452300551227189=080410?", .serviceCode),
            (";5452300551227189=08042=1?", .serviceCode), (";5452300551227189:0804101?", .character),
            (";5452 300551227189=0804101?", .character),
            (";54523005512271;89=0804101?", .character), (";5452300551227189=08041010000000000000000000?", .tooLong),
        ] as [(String, MagneticStripeError.Code)])
    func badSecond(track: String, expected: MagneticStripeError.Code) {
        #expect(code { () throws(MagneticStripeError) in try Track2(secret(track)) } == expected)
    }

    @Test(
        "what is no payment card's track 1 is refused with its reason",
        arguments: [
            ("%A5452300551227189^HOGAN/PAUL^0804321?", MagneticStripeError.Code.formatCode), ("%B5452300551227189^H^0804321?", .name),
            ("%B5452300551227189^HOGAN/PAUL?", .name), ("%B5452300551227189?", .accountNumber),
            ("%B545230055122718A^HOGAN/PAUL^0804321?", .accountNumber),
            ("%B5452300551227189^hogan/paul^0804321?", .character), ("%B5452300551227189^HOGAN/PAUL^08?", .expiry),
            ("%B5452300551227189^ABCDEFGHIJKLMNOPQRSTUVWXYZ1^0804321?", .name), (";B5452300551227189^HOGAN/PAUL^0804321?", .framing),
        ] as [(String, MagneticStripeError.Code)])
    func badFirst(track: String, expected: MagneticStripeError.Code) {
        #expect(code { () throws(MagneticStripeError) in try Track1(secret(track)) } == expected)
    }

    @Test("track 2 equivalent data (57), with and without filling")
    func equivalentData() throws {
        let odd: [UInt8] = [0x47, 0x61, 0x73, 0x90, 0x01, 0x01, 0x01, 0x19, 0xD3, 0x91, 0x22, 0x01, 0x12, 0x3F]
        let track = try Track2(equivalentData: SecretBytes(odd))
        #expect(track.field35.text == "4761739001010119=3912201123")
        #expect(track.serviceCode == ServiceCode("201"))
        #expect(try Track2(equivalentData: SecretBytes(odd.dropLast() + [0x34])).discretionaryData.text == "1234")
        for bad in [[], [0xFF], [0x47, 0xF1], Array(repeating: 0x11, count: 20), [0x47, 0x61, 0x73, 0x90, 0xE1, 0xD3, 0x91, 0x22, 0x01]]
            as [[UInt8]]
        {
            #expect(code { () throws(MagneticStripeError) in try Track2(equivalentData: SecretBytes(bad)) } != nil)
        }
    }

    @Test("a card is track 2 with the name of track 1; each alone is enough")
    func card() throws {
        let both = try StripeCard(track1: secret(track1), track2: secret(track2))
        #expect(both.track2?.text == "5452300551227189=080432100000007250")
        #expect(both.name?.text == "HOGAN/PAUL      ")
        #expect(!both.hasChip)
        #expect(try StripeCard(track1: secret(track1), track2: nil).accountNumber.lastFour == "7189")
        #expect(try StripeCard(track1: nil, track2: secret(";5452300551227189=0804201?")).hasChip)
        #expect(try StripeCard(track1: secret("%E?"), track2: secret(track2)).track1 == nil)
        #expect(code { () throws(MagneticStripeError) in try StripeCard(track1: nil, track2: nil) } == .unreadable)
        #expect(code { () throws(MagneticStripeError) in try StripeCard(track1: secret("%E?"), track2: secret(";E?")) } == .character)
    }

    @Test("tracks that do not agree are a card that was tampered with")
    func disagreement() {
        for other in [";5452300551227180=0804321?", ";5452300551227189=0904321?", ";5452300551227189=0804101?"] {
            #expect(
                code { () throws(MagneticStripeError) in try StripeCard(track1: secret(track1), track2: secret(other)) } == .disagreement)
        }
    }

    @Test("nothing of a card is in what a person or a log can see of it")
    func secrecy() throws {
        let card = try StripeCard(track1: secret(track1), track2: secret(track2))
        let track3 = try Track3(secret(track3))
        for text in ["\(card)", String(reflecting: card), "\(track3)", "\(try Track1(secret(track1)))", "\(try Track2(secret(track2)))"] {
            for trace in ["5452300551227189", "HOGAN", "00000007250", "5163499080020445"] { #expect(!text.contains(trace)) }
        }
        do throws(MagneticStripeError) {
            _ = try Track2(secret(";5452300551227189=0813101?"))
        } catch {
            #expect(!"\(error)".contains("5452300551227189"))
        }
    }

    @Test("random, truncated and mutated tracks never trap")
    func random() {
        var random = SeededRandom(seed: 7813)
        for round in 0..<20_000 {
            var bytes =
                round % 2 == 0
                ? Array((round % 4 == 0 ? track1 : track2).utf8)
                : (0..<Int.random(in: 0...130, using: &random)).map { _ in UInt8.random(in: 0x1F...0x61, using: &random) }
            if round % 2 == 0 {
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            }
            let track = SecretBytes(bytes)
            _ = try? Track1(track)
            _ = try? Track2(track)
            _ = try? Track3(track)
            _ = try? Track2(equivalentData: track)
            _ = try? StripeCard(track1: track, track2: track)
        }
    }
}
