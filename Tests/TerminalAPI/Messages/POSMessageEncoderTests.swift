import JSON
import Terminal
import Testing

@testable import TerminalAPI

@Suite("Answers: names and values (pos-protocol, sections 2 to 6)")
struct POSMessageEncoderTests {
    private func encode(_ message: POSMessage) throws -> JSONValue {
        try JSONValue(
            parsing: POSMessageEncoder().encode(message) {
                (ScriptedTerminal.information, .init(dateTime: "D", uptimeSeconds: 1, nextRestart: "R"))
            })
    }

    static let full: TransactionAnswer = {
        var answer = TransactionAnswer(result: .completed)
        answer.type = .sale
        answer.approval = .approved
        answer.responseCode = "00"
        answer.hostMessage = "APPROVED"
        answer.requestedAmount = 500
        answer.authorizedAmount = 600
        answer.tipAmount = 50
        answer.cashbackAmount = 30
        answer.surchargeAmount = 20
        answer.totalAmount = 600
        answer.authCode = "A12345"
        answer.originalAuthCode = "B12345"
        answer.transactionID = TransactionID("T1")
        answer.uniqueTransactionID = "U1"
        answer.reference = "R1"
        answer.invoice = "I1"
        answer.requestID = "of the transaction"
        answer.batchNumber = 7
        answer.terminalID = "T"
        answer.merchantID = "M"
        answer.account = "4761731234560119"
        answer.cardBrand = "Visa"
        answer.cardTypeProcessed = 1
        answer.entryMode = "Chip"
        answer.aid = "A0000000031010"
        answer.tvr = "0000008000"
        answer.tsi = "E800"
        answer.preferredName = "VISA"
        answer.cvm = "SIGNATURE"
        answer.cardToken = "TOK"
        answer.balance = "100"
        answer.transactionDate = "20260131"
        answer.transactionTime = "235959"
        answer.offline = true
        answer.state = .offlineQueued
        answer.merchantReceipt = "line 1\nline 2\t\"q\""
        answer.customerReceipt = "c"
        return answer
    }()

    @Test("every field of a final under the contract's name, every value a string")
    func final() throws {
        let encoded = try encode(.transaction(operation: "Transaction", Self.full, requestID: "0123456789abcdef", replayed: true))
        #expect(
            encoded == [
                "operation": "Transaction", "result": "0", "requestId": "0123456789abcdef", "type": "SALE", "approval": "approved",
                "responseCode": "00", "hostMessage": "APPROVED", "requestedAmount": "500", "authorizedAmount": "600", "tipAmount": "50",
                "cashbackAmount": "30", "surchargeAmount": "20", "totalAmount": "600", "authCode": "A12345", "originalAuthCode": "B12345",
                "transactionID": "T1", "uniqueTransactionId": "U1", "reference": "R1", "invoice": "I1", "batchNumber": "000007",
                "terminalID": "T", "merchantID": "M", "account": "4761731234560119", "cardBrand": "Visa", "cardTypeProcessed": "1",
                "entryMode": "Chip", "AID": "A0000000031010", "TVR": "0000008000", "TSI": "E800", "preferredName": "VISA",
                "cvm": "SIGNATURE", "cardToken": "TOK", "balance": "100", "transactionDate": "20260131", "transactionTime": "235959",
                "offline": "1", "state": "offlineQueued", "merchantReceipt": "line 1\nline 2\t\"q\"", "customerReceipt": "c",
                "replayed": "1",
            ])
    }

    @Test("a settlement's report under the contract's names; the expiry of a typed card; no field of a final is left out of these tests")
    func settlement() throws {
        var report = SettlementReport(batchJulianDay: 5)
        report.totals = [.init(type: .refund, brand: "VISA", count: 2, amount: 300)]
        (report.salesCount, report.salesAmount, report.refundsCount, report.refundsAmount) = (3, 900, 2, 300)
        (report.voidsCount, report.voidsAmount, report.netAmount, report.leftBehind) = (1, 50, -600, [TransactionID("T9")])
        var answer = TransactionAnswer(result: .completed)
        answer.settlement = report
        answer.expiryDate = "3912"
        let encoded = try encode(.transaction(operation: "Transaction", answer, requestID: nil, replayed: false))
        #expect(
            encoded == [
                "operation": "Transaction", "result": "0", "expDate": "3912", "batchJulianDay": "005",
                "totals": [["type": "REFUND", "brand": "VISA", "count": "2", "amount": "300"]], "salesCount": "3", "salesAmount": "900",
                "refundsCount": "2", "refundsAmount": "300", "voidsCount": "1", "voidsAmount": "50", "netAmount": "-600",
                "leftBehind": ["T9"],
            ])
        let whole = try encode(.transaction(operation: "Transaction", Self.full, requestID: nil, replayed: true))
        for field in TransactionAnswerFields.all { #expect(whole[field.name] != nil || encoded[field.name] != nil, "\(field.name)") }
    }

    @Test("approved and an authorization code never stand beside a result other than 0", arguments: ResultCode.allCases)
    func approvalRule(_ result: ResultCode) throws {
        var answer = Self.full
        answer.result = result
        answer.errorCondition = nil
        let encoded = try encode(.transaction(operation: "LastTransaction", answer, requestID: nil, replayed: false))
        #expect((encoded["approval"] == "approved") == (result == .completed))
        #expect((encoded["authCode"] != nil) == (result == .completed))
        // errorCondition accompanies every non-zero result; 60 is only ever on Status.
        #expect((encoded["errorCondition"] != nil) == (result != .completed && result != .inProgress))
        #expect(encoded["result"] == .string(String(result.rawValue)))
        #expect(encoded["requestId"] == nil && encoded["replayed"] == nil)
    }

    @Test("a declined approval stands beside its result, and the terminal's own condition wins")
    func declined() throws {
        var answer = TransactionAnswer(result: .applicationError, errorCondition: .aborted, errorMessage: "power cut")
        answer.approval = .declined
        let encoded = try encode(.transaction(operation: "Transaction", answer, requestID: nil, replayed: false))
        #expect(
            encoded == [
                "operation": "Transaction", "result": "1", "errorCondition": "aborted", "errorMessage": "power cut", "approval": "declined",
            ])
    }

    @Test("dates are RFC 3339")
    func dates() {
        let text = LocalTime.rfc3339(0)
        let pattern = /(19|20)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)/
        #expect(text.wholeMatch(of: pattern) != nil, "\(text)")
        #expect(LocalTime.rfc3339(1_767_225_600).wholeMatch(of: pattern) != nil)
    }
}
