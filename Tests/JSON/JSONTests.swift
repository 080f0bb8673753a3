import Seeds
import JSON
import Testing

struct JSONTests {
    @Test("A text and its value are each other's inverse")
    func roundTrip() throws {
        let text = #"{"operation":"Transaction","n":-12,"f":1.50e3,"t":true,"z":null,"a":[1,"é\n\"\\",{}],"o":{"x":[]}}"#
        let value = try JSONValue(parsing: text)
        #expect(value["operation"]?.string == "Transaction")
        #expect(value["n"]?.integer == -12)
        #expect(value["f"] == .number("1.50e3"))
        #expect(value.text == text)
        #expect(try JSONValue(parsing: value.prettyText) == value)
    }

    @Test("Escapes of RFC 8259, 7, surrogate pairs included")
    func escapes() throws {
        #expect(try JSONValue(parsing: #""\u00e9\ud83d\ude00\/\b\f\n\r\t""#).string == "é😀/\u{8}\u{C}\n\r\t")
        #expect(JSONValue.string("\u{1}\u{1F}").text == #""\u0001\u001f""#)
    }

    @Test(
        "Each fault is named and placed",
        arguments: [
            ("", JSONError(.empty, at: 0)), ("  ", JSONError(.empty, at: 2)), ("{", JSONError(.unexpectedEnd, at: 1)),
            ("[1,]", JSONError(.unexpectedCharacter, at: 3)), ("{\"a\":1,\"a\":2}", JSONError(.duplicateName, at: 7)),
            ("01", JSONError(.badNumber, at: 0)), ("-", JSONError(.badNumber, at: 0)), ("1.", JSONError(.badNumber, at: 0)),
            ("1e+", JSONError(.badNumber, at: 0)), ("\"\\x\"", JSONError(.badEscape, at: 1)), ("\"\\ud800\"", JSONError(.badEscape, at: 1)),
            ("\"\n\"", JSONError(.controlCharacter, at: 1)), ("tru", JSONError(.unexpectedEnd, at: 3)),
            ("nul1", JSONError(.unexpectedCharacter, at: 3)), ("{} x", JSONError(.trailingText, at: 3)),
            ("\"abc", JSONError(.unexpectedEnd, at: 4)),
            ("{\"a\" 1}", JSONError(.unexpectedCharacter, at: 5)), ("{1:2}", JSONError(.unexpectedCharacter, at: 1)),
            ("'a'", JSONError(.unexpectedCharacter, at: 0)), ("NaN", JSONError(.unexpectedCharacter, at: 0)),
        ])
    func faults(text: String, error: JSONError) {
        #expect(throws: error) { try JSONValue(parsing: text) }
    }

    @Test("Names that differ only in escapes are duplicates")
    func escapedDuplicate() {
        #expect(throws: JSONError(.duplicateName, at: 7)) { try JSONValue(parsing: #"{"a":1,"\u0061":2}"#) }
    }

    @Test("In an object of many members too, and without taking the square of their number")
    func duplicatesAmongMany() throws {
        let members = (0..<60_000).map { "\"n\($0)\":0" }
        let begin = ContinuousClock.now
        #expect(try JSONValue(parsing: "{" + members.joined(separator: ",") + "}").object?.members.count == 60_000)
        #expect(ContinuousClock.now - begin < .seconds(5))
        #expect(throws: JSONError.self) { try JSONValue(parsing: "{" + (members + ["\"n777\":1"]).joined(separator: ",") + "}") }
        #expect(throws: JSONError.self) { try JSONValue(parsing: "{" + (members + ["\"n59999\":1"]).joined(separator: ",") + "}") }
    }

    @Test("Nesting is limited, whatever the length")
    func depth() throws {
        let deep = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
        _ = try JSONValue(parsing: deep)
        #expect(throws: JSONError(.tooDeep, at: 16)) { try JSONValue(parsing: "[" + deep + "]") }
        #expect(throws: JSONError(.tooDeep, at: 16)) { try JSONValue(parsing: String(repeating: "[", count: 1_000_000)) }
    }

    @Test("Bytes that are not UTF-8 are refused inside strings and outside")
    func badUTF8() {
        #expect(throws: JSONError(.badUTF8, at: 1)) { try JSONValue(parsing: [0x22, 0xC3, 0x22] as [UInt8]) }
        #expect(throws: JSONError(.badUTF8, at: 1)) { try JSONValue(parsing: [0x22, 0xED, 0xA0, 0x80, 0x22] as [UInt8]) }
        #expect(throws: JSONError(.unexpectedCharacter, at: 0)) { try JSONValue(parsing: [0xFF] as [UInt8]) }
    }

    @Test("Truncated and mutated texts never trap; what parses, prints and parses again to the same value")
    func mutations() throws {
        let text = Array(#"{"operation":"Transaction","type":"SALE","requestedAmount":"500","a":[1,-2,3.5,true,null,"\u00e9"]}"#.utf8)
        for length in text.indices { #expect(throws: JSONError.self) { try JSONValue(parsing: text.prefix(length)) } }
        var generator = SeededRandom(seed: 7)
        for _ in 0..<60_000 {
            var mutated = text
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                mutated[Int.random(in: mutated.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if let value = try? JSONValue(parsing: mutated) { #expect(try JSONValue(parsing: value.text) == value) }
        }
    }
}
