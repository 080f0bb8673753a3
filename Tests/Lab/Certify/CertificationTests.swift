import JSON
import Testing

@testable import Lab

@Suite("The conformance kit for points of sale")
struct CertificationTests {
    @Test("A correct POS passes every point")
    func good() {
        var pos = RehearsedPOS()
        let report = pos.report()
        #expect(report.exitCode == 0, "\(report.text)")
        #expect(report.failed.isEmpty && report.notSeen.isEmpty)
        #expect(report.json["certified"] == true)
    }

    @Test("A POS with one flaw fails exactly the point that the flaw is against", arguments: CertificationPoint.allCases)
    func flawed(_ point: CertificationPoint) {
        var pos = RehearsedPOS(flaw: point)
        let report = pos.report()
        #expect(report.failed == [point], "\(report.text)\n\(pos.said)")
        #expect(report.exitCode == 1)
        #expect(report.text.contains("✗ \(point.rawValue)"))
    }

    @Test("A POS that does nothing, or leaves, has not passed")
    func absent() {
        var certification = Certification()
        #expect(certification.nextWake == .seconds(180))
        #expect(certification.on(.time, at: .seconds(180)) == [.finished])
        let report = CertificationReport(certification)
        #expect(report.exitCode == 2 && report.notSeen == CertificationPoint.allCases)
    }

    @Test("A report of an outcome is held against what happened to the sale, whichever id it names")
    func outcomes() {
        for name in ["uniqueTransactionId", "reference"] {
            var certification = Certification()
            _ = certification.on(.connected(1), at: .zero)
            let sale: JSONValue = ["operation": "Transaction", "type": "SALE", "requestedAmount": "500", name: "A1"]
            _ = certification.on(.message(1, sale.text), at: .zero)
            _ = certification.on(.outcome(sale: "A1", .declined), at: .seconds(5))
            #expect(CertificationReport(certification).failed == [.waitsForFinal])
        }
    }

    @Test("A repeat with the same requestId is no new sale: it gets the recorded answer")
    func idempotency() {
        var certification = Certification()
        _ = certification.on(.connected(1), at: .zero)
        let sale: JSONValue = [
            "operation": "Transaction", "type": "SALE", "requestedAmount": "500", "uniqueTransactionId": "A1",
            "requestId": "0123456789abcdef",
        ]
        _ = certification.on(.message(1, sale.text), at: .zero)
        _ = certification.on(.time, at: .seconds(5))
        let remaining = certification.remaining.count
        guard case .send(_, let answer)? = certification.on(.message(1, sale.text), at: .seconds(6)).first else {
            Issue.record("nothing was answered")
            return
        }
        #expect(answer["replayed"] == "1" && answer["approval"] == "approved" && certification.remaining.count == remaining)
    }

    @Test("Whatever arrives, the kit answers or ignores it, and never traps")
    func garbage() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            var certification = Certification()
            var now = Duration.zero
            for _ in 0..<60 {
                now += .milliseconds(Int.random(in: 0...4000, using: &random))
                let connection = Int.random(in: 0...3, using: &random)
                let operation =
                    ["Transaction", "Cancel", "LastTransaction", "GetTransaction", "Nonsense"].randomElement(using: &random) ?? ""
                let texts = [
                    "", "{", "[]", "{\"operation\":7}", "{\"operation\":\"\(operation)\"}",
                    "{\"operation\":\"\(operation)\",\"requestedAmount\":\"1\",\"uniqueTransactionId\":\"\(connection)\",\"requestId\":[]}",
                    "{\"operation\":\"SetParameter\",\"parameters\":[1,{\"key\":null}]}",
                ]
                let events: [Certification.Event] = [
                    .connected(connection), .closed(connection), .time, .message(connection, texts.randomElement(using: &random) ?? ""),
                    .outcome(sale: String(connection), .approved),
                ]
                if let event = events.randomElement(using: &random) { _ = certification.on(event, at: now) }
            }
            _ = certification.on(.end, at: now)
            #expect(certification.isFinished)
        }
    }
}
