import Hex
import SmartCard

extension EMVDecoder {
    /// Convention, interface bytes with their meaning, protocols, historical bytes, check character, and what EMV rejects after a cold reset.
    static func answerToReset(_ bytes: [UInt8], depth: Int) throws(DecodingFailure) -> [DecodedObject.Line] {
        let answer: AnswerToReset
        do throws(SmartCardError) { answer = try AnswerToReset.parse(bytes) } catch {
            throw DecodingFailure(.malformed, "no answer to reset: \(error.message)")
        }
        var lines: [DecodedObject.Line] = []
        func say(_ text: String, _ deeper: Int = 0) { lines.append(.init(depth: depth + deeper, text: text)) }
        say("TS \([answer.convention.rawValue].hex): \(answer.convention == .direct ? "direct" : "inverse") convention")
        say("T0 \([answer.format].hex): \(answer.historicalBytes.count) historical bytes")
        var type: UInt8?
        for (index, round) in answer.interface.enumerated() {
            let number = index + 1
            for (name, byte) in [("TA", round.ta), ("TB", round.tb), ("TC", round.tc), ("TD", round.td)] {
                guard let byte else { continue }
                say("\(name)\(number) \([byte].hex): \(interfaceByte(name, number, byte, type))")
            }
            type = round.td.map { $0 & 0x0F }
        }
        say("protocols: \(answer.protocols.map { "T=\($0)" }.joined(separator: ", "))")
        if !answer.historicalBytes.isEmpty {
            let isText = answer.historicalBytes.allSatisfy { (0x20...0x7E).contains($0) }
            say(
                "historical bytes: \(answer.historicalBytes.hex)"
                    + (isText ? " \"\(String(decoding: answer.historicalBytes, as: UTF8.self))\"" : ""))
        }
        if let check = answer.checkCharacter { say("TCK \([check].hex): matches") }
        let findings = answer.emvFindings(after: .cold)
        say(findings.isEmpty ? "EMV takes it after a cold reset" : "EMV rejects it after a cold reset (EMV 4.4 Book 1):")
        for finding in findings { say(finding.message, 1) }
        return lines
    }

    /// `type` is the T of the TD before (ISO/IEC 7816-3, 8.3 for T=15 and the global ones, 11.4 for T=1).
    private static func interfaceByte(_ name: String, _ number: Int, _ byte: UInt8, _ type: UInt8?) -> String {
        switch (name, number, type) {
        case ("TD", _, _):
            return "T=\(byte & 0x0F)" + (byte & 0xF0 == 0 ? ", the last one" : "")
        case ("TA", 1, _):
            guard let clock = clockRates[Int(byte >> 4)], let bits = bitRates[Int(byte & 0x0F)] else { return "reserved clock or bit rate" }
            return "F = \(clock), D = \(bits)"
        case ("TB", 1, _): return byte == 0 ? "VPP is not used" : "programming voltage, deprecated"
        case ("TC", 1, _): return byte == 0xFF ? "shortest guard time" : "extra guard time N = \(byte)"
        case ("TA", 2, _):
            return "specific mode, T=\(byte & 0x0F), \(byte & 0x10 == 0 ? "parameters of the interface bytes" : "implicit parameters")"
        case ("TB", 2, _): return "programming voltage, deprecated"
        case ("TC", 2, _): return "waiting time integer of T=0: \(byte)"
        case ("TA", _, 1): return "IFSC = \(byte)"
        case ("TB", _, 1): return "BWI = \(byte >> 4), CWI = \(byte & 0x0F)"
        case ("TC", _, 1): return byte & 0x01 == 0 ? "LRC" : "CRC"
        case ("TA", _, 15): return "clock stop and supply class"
        case ("TB", _, 15): return "use of SPU"
        default: return "no meaning defined"
        }
    }

    /// F by the high nibble of TA1 (ISO/IEC 7816-3, table 7).
    private static let clockRates: [Int: Int] = [
        0: 372, 1: 372, 2: 558, 3: 744, 4: 1116, 5: 1488, 6: 1860, 9: 512, 10: 768, 11: 1024, 12: 1536, 13: 2048,
    ]
    /// D by the low nibble of TA1 (ISO/IEC 7816-3, table 8).
    private static let bitRates: [Int: Int] = [1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 6: 32, 7: 64, 8: 12, 9: 20]
}
