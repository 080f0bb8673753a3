import Hex
import SmartCard

/// What a dialogue looks like to a person: phases, commands, answers with every data object named, the outcome. Card data is masked as by `EMVDecoder`.
public struct KernelTrace: Sendable {
    private var stage: KernelStage?

    public init() {}

    /// The phases that the terminal went through without the card (EMV 4.4 Book 3, figure 7).
    private static let silent: [KernelStage] = [.dataAuthentication, .processingRestrictions, .cardholderVerification, .riskManagement]

    /// The phase, when it is another than before, and behind the records those before it that sent no command.
    public mutating func stageLines(_ stage: KernelStage) -> [String] {
        guard stage != self.stage, stage != .over else { return [] }
        let order = KernelStage.allCases
        func place(_ stage: KernelStage?) -> Int { stage.flatMap { order.firstIndex(of: $0) } ?? 0 }
        let (before, now) = (place(self.stage), place(stage))
        let between = place(.readData) <= before && before < now ? order[before..<now].dropFirst() : []
        self.stage = stage
        return between.filter { Self.silent.contains($0) }.flatMap { ["", "== \($0.rawValue)", "no command to the card"] }
            + ["", "== \(stage.rawValue)"]
    }

    /// Header and length; the data is not shown, as it may answer for the card.
    public func lines(_ command: CommandAPDU) -> [String] {
        let name = Self.names[command.instruction] ?? "command"
        return ["> \(name)  \(command)"]
    }

    public func lines(_ response: ResponseAPDU) -> [String] {
        var lines = ["< \(response.data.count) bytes, \(response.status)"]
        guard !response.data.isEmpty else { return lines }
        // The answer to GET CHALLENGE is no data object, and nobody needs to see it.
        guard let decoded = try? EMVDecoder.decode(response.data, as: .tlv) else { return lines }
        lines += decoded.lines.map { String(repeating: "  ", count: $0.depth + 1) + $0.text }
        return lines
    }

    public func lines(_ outcome: KernelOutcome) -> [String] {
        var lines = ["", "== \(outcome.verdict.rawValue)\(outcome.reason.map { ": \($0)" } ?? "")"]
        let receipt = outcome.receipt
        guard !receipt.aid.isEmpty else { return lines }
        lines.append("AID \(receipt.aid.hex)  \(receipt.preferredName ?? receipt.label)")
        lines.append("cardholder verification: \(receipt.cvm.rawValue)")
        for (name, bytes, kind) in [
            ("TVR", receipt.tvr, DecodedObject.Kind.terminalVerificationResults), ("TSI", receipt.tsi, .transactionStatusInformation),
            ("CVM results", receipt.cvmResults, .cvmResults),
        ] where !bytes.isEmpty {
            lines.append("\(name) \(bytes.hex)")
            if let decoded = try? EMVDecoder.decode(bytes, as: kind) {
                lines += decoded.lines.map { String(repeating: "  ", count: $0.depth + 1) + $0.text }
            }
        }
        return lines
    }

    private static let names: [UInt8: String] = [
        0x20: "VERIFY", 0x82: "EXTERNAL AUTHENTICATE", 0x84: "GET CHALLENGE", 0x88: "INTERNAL AUTHENTICATE", 0xA4: "SELECT",
        0xA8: "GET PROCESSING OPTIONS", 0xAE: "GENERATE AC", 0xB2: "READ RECORD", 0xCA: "GET DATA",
    ]
}
