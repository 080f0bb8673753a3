import Testing

@testable import Terminal

@Suite("Receipts")
struct ReceiptTests {
    private func receipt(_ decision: TransactionDecision, change: (inout TransactionAnswer) -> Void = { _ in }) -> Receipt {
        var answer = TransactionAnswer(result: .applicationError)
        answer.type = .sale
        answer.requestedAmount = 500
        answer.tipAmount = 100
        answer.account = "4761731234560010"
        answer.cardBrand = "VISA"
        answer.entryMode = "Chip"
        answer.aid = "A0000000031010"
        answer.tvr = "0000008000"
        answer.tsi = "E800"
        answer.terminalID = "TERM0001"
        answer.merchantID = "MERCHANT0000001"
        answer.batchNumber = 1
        answer.transactionDate = "20261122"
        answer.transactionTime = "214809"
        answer.cvm = "SIGNATURE"
        answer.conclude(decision, host: nil, amount: .init(minorUnits: 600, currency: JournalSamples.dollar))
        if decision.result == .completed { answer.authCode = "123456" }
        change(&answer)
        return Receipt(
            merchantName: "TEST SHOP", currency: JournalSamples.dollar, answer: answer, applicationLabel: "VISA CREDIT",
            retrievalReference: "632621000001", stan: 1, signatureLine: true)
    }

    @Test("An approved sale, to the letter")
    func approved() {
        let text = receipt(TransactionDecision(.completed, hostContact: true)).text(.merchant)
        #expect(
            text == """
                               TEST SHOP
                2026-11-22                      21:48:09
                TERMINAL                        TERM0001
                MERCHANT                 MERCHANT0000001
                BATCH 000001                 STAN 000001
                RRN                         632621000001

                SALE                                Chip
                CARD                                VISA
                ACCOUNT                 ************0010
                APPLICATION                  VISA CREDIT
                AID                       A0000000031010
                TVR 0000008000                  TSI E800

                AMOUNT                          USD 5.00
                TIP                             USD 1.00
                TOTAL                           USD 6.00

                                APPROVED
                APPROVAL CODE                     123456
                CVM                            SIGNATURE


                ________________________________________
                               SIGNATURE

                             MERCHANT COPY

                """)
    }

    @Test("Only the merchant's copy of an approval asks for a signature")
    func signature() {
        #expect(!receipt(TransactionDecision(.completed, hostContact: true)).text(.customer).contains("____"))
        #expect(!receipt(TransactionDecision(.declinedByHost, hostContact: true)).text(.merchant).contains("____"))
    }

    @Test("Every outcome has its word, and only an approval says APPROVED")
    func outcomes() {
        let silent = receipt(TransactionDecision(.noAnswer, reversal: .noAnswer, hostContact: true)).text(.customer)
        #expect(silent.contains("NOT COMPLETED - REVERSED") && !silent.contains("APPROV") && !silent.contains("TOTAL"))
        #expect(receipt(TransactionDecision(.declinedByCard, hostContact: false)).text(.customer).contains("DECLINED"))
        #expect(receipt(TransactionDecision(.hostUnreachable, hostContact: false)).text(.customer).contains("NOT COMPLETED\n"))
    }

    @Test("No line is longer than 40 columns, whatever the names are; of the account only the last four digits show")
    func width() {
        var receipt = receipt(TransactionDecision(.completed, hostContact: true)) {
            $0.hostMessage = String(repeating: "long ", count: 30)
            $0.responseCode = "00"
            $0.reference = String(repeating: "R", count: 60)
            $0.cardBrand = String(repeating: "B", count: 60)
        }
        receipt.merchantName = String(repeating: "shop ", count: 20)
        let text = receipt.text(.merchant)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= Receipt.columns })
        #expect(!text.contains("476173"))
    }
}

@Suite("Wall time")
struct WallTimeTests {
    @Test(
        "Calendar dates",
        arguments: [
            (Int64(0), "1970-01-01 00:00:00", 1), (951_782_400, "2000-02-29 00:00:00", 60), (1_078_012_799, "2004-02-28 23:59:59", 59),
            (1_735_689_599, "2024-12-31 23:59:59", 366), (4_107_542_400, "2100-03-01 00:00:00", 60), (-1, "1969-12-31 23:59:59", 365),
            (1_795_384_089, "2026-11-22 21:48:09", 326),
        ])
    func calendar(_ seconds: Int64, _ text: String, _ dayOfYear: Int) {
        let calendar = WallTime(milliseconds: seconds * 1000).calendar()
        #expect(calendar.text == text && calendar.dayOfYear == dayOfYear)
    }

    @Test("As the messages write it, in local time")
    func fields() {
        let local = JournalSamples.time.calendar(offset: 3 * 3600)
        #expect(
            local.field12 == "261123004809" && local.field7 == "1123004809" && local.dateText == "20261123" && local.timeText == "004809")
    }

    @Test("The extremes do not trap")
    func extremes() {
        for milliseconds in [Int64.min, .max] { _ = WallTime(milliseconds: milliseconds).calendar(offset: 86_400) }
    }
}
