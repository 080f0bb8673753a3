import EMV
import Hex
import SmartCard
import Testing

@Suite("The trace of a dialogue (countertop emv)")
struct KernelTraceTests {
    private func trace() throws -> [String] {
        var (kernel, trace, lines) = (TestShop.kernel(), KernelTrace(), [String]())
        var card = ScriptedCard(
            TestCard().with(0x57, "4761739001010119D25122010000000000000F").with(0x5F20, Array("A/CARDHOLDER".utf8).hex).opening + [
                TestCard.firstCryptogram("80", "8000008000", "0800", "3F0000", TestCard.arqc),
                TestCard.secondCryptogram("00", "Z3", "8000008000", "2800", TestCard.aac),
            ])
        var actions = kernel.on(.start(answerToReset: []))
        while let action = actions.first {
            lines += trace.stageLines(kernel.stage)
            switch action {
            case .transmit(let command):
                let response = try card.answer(command)
                lines += trace.lines(command) + trace.lines(response)
                actions = kernel.on(.response(response))
            case .goOnline: actions = kernel.on(.hostAnswered(.unableToGoOnline))
            case .finished(let outcome): return lines + trace.lines(outcome)
            case .chooseApplication, .enterPIN: throw ScriptDifference("nobody to ask")
            }
        }
        return lines
    }

    @Test("every phase, command and answer is there, in order, and the outcome with its results")
    func complete() throws {
        let text = try trace().joined(separator: "\n")
        for part in [
            "== application selection", "SELECT", "== initiate application processing", "GET PROCESSING OPTIONS",
            "== read application data",
            "READ RECORD", "== terminal action analysis", "GENERATE AC", "== completion", "== declined: unableToGoOnline", "TVR 8000008000",
            "TSI 2800", "AID A0000000031010",
        ] {
            #expect(text.contains(part), "\(part)")
        }
        #expect(text.ranges(of: "GENERATE AC").count >= 2)
    }

    @Test("no account number, track, expiry or name is shown (PCI DSS 3.4.1)")
    func masked() throws {
        let text = try trace().joined(separator: "\n")
        for secret in ["4761739001010119", "739001010119", "D2512", "251231", "CARDHOLDER", Array("CARDHOLDER".utf8).hex] {
            #expect(!text.contains(secret), "\(secret)")
        }
    }
}
