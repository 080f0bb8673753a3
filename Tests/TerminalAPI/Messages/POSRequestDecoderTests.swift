import Seeds
import JSON
import Terminal
import Testing

@testable import TerminalAPI

@Suite("Requests: fields and their rules (pos-protocol, sections 2 and 4)")
struct POSRequestDecoderTests {
    private func decode(_ fields: JSONValue) -> POSRequest { POSRequestDecoder.decode(fields.bytes) }

    /// A SALE of 5.00 with these fields changed.
    private func sale(_ changes: (String, JSONValue)...) -> POSRequest.Body {
        var object: JSONObject = JSONObject()
        object["operation"] = "Transaction"
        object["type"] = "SALE"
        object["requestedAmount"] = "500"
        for (name, value) in changes { object[name] = value }
        return decode(.object(object)).body
    }

    private func request(_ body: POSRequest.Body) throws -> TransactionRequest {
        guard case .transaction(let request) = body else { throw TestClient.Failure(description: "not a transaction: \(body)") }
        return request
    }

    private func field(_ body: POSRequest.Body) -> String? {
        if case .invalid(let error) = body { error.field } else { nil }
    }

    @Test("every field of a Transaction arrives normalised")
    func allFields() throws {
        let request = try request(
            sale(
                ("tipAmount", "100"), ("cashbackAmount", 200), ("surchargeAmount", "000000000050"), ("taxAmount", 0),
                ("uniqueTransactionID", "abcDEF0123456789abcDEF01234567"), ("reference", "R12345678901234"), ("invoice", "I00001"),
                ("originalAuthCode", "A1B2C3"), ("originalTransactionID", "20260101-000001"), ("authCode", "123456"), ("printReceipt", "1"),
                (
                    "parameters",
                    [["key": "TIP", "value": 1], ["key": "PARTIALAUTH", "value": "0"], ["key": "CARDTIMEOUT", "value": "30"]]
                ),
                ("entryModes", ["chip", "swipe"]), ("requestId", "0123456789abcdef")))
        var expected = TransactionRequest(type: .sale)
        expected.requestedAmount = 500
        expected.tipAmount = 100
        expected.cashbackAmount = 200
        expected.surchargeAmount = 50
        expected.taxAmount = 0
        expected.uniqueTransactionID = "abcDEF0123456789abcDEF01234567"
        expected.reference = "R12345678901234"
        expected.invoice = "I00001"
        expected.originalAuthCode = "A1B2C3"
        expected.originalTransactionID = "20260101-000001"
        expected.authCode = "123456"
        expected.printReceipt = true
        expected.parameters = ["TIP": "1", "PARTIALAUTH": "0", "CARDTIMEOUT": "30"]
        expected.entryModes = ["chip", "swipe"]
        expected.requestID = "0123456789abcdef"
        #expect(request == expected)
    }

    @Test("an empty string and null equal absent, unknown fields are ignored: equal requests")
    func emptyIsAbsent() throws {
        let plain = try request(sale())
        #expect(
            try request(
                sale(
                    ("tipAmount", ""), ("reference", ""), ("invoice", nil), ("parameters", []), ("entryModes", ""), ("printReceipt", ""),
                    ("requestId", ""), ("cardToken", ""), ("lineItems", []), ("taxExempt", nil), ("unknown", ["x": [1, .number("2.5")]])))
                == plain)
        #expect(try request(sale(("requestedAmount", 500))) == plain)
        #expect(try request(sale(("requestedAmount", "0500"))) == plain)
    }

    @Test(
        "amounts are 1 to 12 digits or a JSON integer, in minor units",
        arguments: [
            "5.00", "-1", "+5", " 5", "5 ", "1e3", "1234567890123", "٥", true, false, 1_000_000_000_000, -1, [], [:], .number("5.0"),
            .number("5e2"),
        ] as [JSONValue])
    func badAmount(_ value: JSONValue) {
        for name in ["requestedAmount", "tipAmount", "cashbackAmount", "surchargeAmount", "taxAmount"] {
            #expect(field(sale((name, value))) == name, "\(name)")
        }
    }

    @Test("amount 0 is refused, the largest is taken, a sum beyond 12 digits is not")
    func amountLimits() throws {
        #expect(field(sale(("requestedAmount", "0"))) == "requestedAmount")
        #expect(field(sale(("requestedAmount", ""))) == "requestedAmount")
        #expect(try request(sale(("requestedAmount", "999999999999"))).requestedAmount == 999_999_999_999)
        #expect(field(sale(("requestedAmount", "999999999999"), ("tipAmount", "1"))) == "requestedAmount")
        // Tax is included in the amount, not added.
        #expect(try request(sale(("requestedAmount", "999999999999"), ("taxAmount", "1"))).taxAmount == 1)
    }

    @Test("types that take no amount refuse one, so that a part is never taken for the whole; 0 only VERIFY takes")
    func amountByType() throws {
        let original = ("originalAuthCode", "A1" as JSONValue)
        for type in [TransactionType.void, .settlement, .balanceInquiry, .verify, .giftBalanceInquiry] {
            #expect(field(sale(("type", .string(type.rawValue)))) == "requestedAmount")
            let zero = sale(("type", .string(type.rawValue)), ("requestedAmount", "0"), original)
            if type == .verify { #expect(try request(zero).requestedAmount == nil) } else { #expect(field(zero) == "requestedAmount") }
            #expect(try request(sale(("type", .string(type.rawValue)), ("requestedAmount", ""), original)).type == type)
        }
        for type in [TransactionType.completion, .tipAdjust] {
            #expect(
                try request(sale(("type", .string(type.rawValue)), ("requestedAmount", ""), ("tipAmount", "1"), original)).type == type)
        }
        for type in [TransactionType.authorization, .refund, .force, .giftRedemption] {
            #expect(field(sale(("type", .string(type.rawValue)), ("requestedAmount", ""))) == "requestedAmount")
        }
    }

    @Test(
        "a malformed field is named",
        arguments: [
            ("type", "sale"), ("type", ""), ("type", 1), ("uniqueTransactionId", "with space"), ("uniqueTransactionId", "é"),
            ("uniqueTransactionId", "0123456789012345678901234567890"), ("uniqueTransactionId", 5), ("reference", "R-1"),
            ("reference", "0123456789012345"), ("invoice", "1234567"), ("originalAuthCode", "1234567"), ("authCode", "12 456"),
            ("originalTransactionID", "a/b"), ("storedCredential", "a b"), ("expDate", "12/29"), ("customerReference", "\u{e9}"),
            ("purchaseOrder", "01234567890123456789012345"), ("taxExempt", "yes"), ("lineItems", "x"), ("lineItems", ["x"]),
            ("printReceipt", "yes"), ("printReceipt", true), ("printReceipt", 2), ("parameters", "TIP"),
            ("parameters", ["TIP"]), ("parameters", [["value": "1"]]), ("parameters", [["key": "TIP", "value": "2"]]),
            ("parameters", [["key": "A", "value": "1"], ["key": "A", "value": "1"]]), ("parameters", [["key": "A", "value": [:]]]),
            ("entryModes", ["chip", "magic"]), ("entryModes", "magic"), ("entryModes", 7), ("entryModes", ["chip", 7]),
            ("requestId", "short"), ("requestId", 1), ("requestId", "0123456789abcde/"),
        ] as [(String, JSONValue)])
    func malformed(_ name: String, _ value: JSONValue) {
        let body = sale((name, value))
        #expect(field(body)?.split(separator: ".").first.map(String.init) == name, "\(body)")
    }

    @Test("an error never repeats the value")
    func noValueInErrors() {
        let request = decode(["operation": "Transaction", "type": "4111111111111111", "requestedAmount": "4111111111111111"])
        #expect(!String(describing: request).contains("4111"))
    }

    @Test("the two spellings of uniqueTransactionId must not differ")
    func spellings() throws {
        #expect(try request(sale(("uniqueTransactionID", "A"), ("uniqueTransactionId", "A"))).uniqueTransactionID == "A")
        #expect(field(sale(("uniqueTransactionID", "A"), ("uniqueTransactionId", "B"))) == "uniqueTransactionId")
    }

    @Test("a card on file: token, expiry and indicator arrive; the rest must fit them")
    func cardOnFile() throws {
        let request = try request(
            sale(
                ("cardToken", "tok_1-2.3"), ("expDate", 2912), ("storedCredential", "C101"), ("taxExempt", "1"), ("purchaseOrder", "PO 7/1")
            ))
        #expect(request.cardToken == "tok_1-2.3" && request.expiryDate == "2912" && request.storedCredential == "C101")
        #expect(request.taxExempt == true && request.purchaseOrder == "PO 7/1")
        #expect(field(sale(("expDate", "2912"))) == "expDate")
        #expect(field(sale(("cardToken", "T"), ("expDate", "2913"))) == "expDate")
        #expect(field(sale(("cardToken", "T"), ("entryModes", "chip"))) == "cardToken")
        #expect(field(sale(("cardToken", "T"), ("type", "SETTLEMENT"), ("requestedAmount", ""))) == "cardToken")
        // A card number must not come in by this door.
        #expect(field(sale(("cardToken", "4761739001010119"))) == "cardToken")
        #expect(try self.request(sale(("cardToken", "4761739001010118"))).cardToken == "4761739001010118")
    }

    @Test("line items arrive with their parts; a bad one is named with its place")
    func lineItems() throws {
        let request = try request(
            sale(
                ("lineItems", [["description": "Käse", "quantity": "0.250", "unitPrice": "1990", "amount": 498], ["description": "Bag"]])))
        #expect(
            request.lineItems == [
                LineItem(description: "Käse", quantity: "0.250", unitPrice: 1990, amount: 498), LineItem(description: "Bag"),
            ])
        for (item, name) in [
            (["quantity": "1"], "description"), (["description": "x", "quantity": "1.2.3"], "quantity"),
            (["description": "x", "quantity": ".5"], "quantity"), (["description": "x\u{7}"], "description"),
            (["description": "x", "amount": "-1"], "amount"),
        ] as [(JSONValue, String)] {
            #expect(field(sale(("lineItems", [item]))) == "lineItems.\(name)")
        }
        #expect(field(sale(("lineItems", .array(Array(repeating: ["description": "x"], count: 201))))) == "lineItems")
    }

    @Test("what follows an original must name it; FORCE needs its code, TIP_ADJUST its tip")
    func requirements() throws {
        for type in ["VOID", "COMPLETION", "INCREMENTAL_AUTHORIZATION", "TIP_ADJUST"] {
            let amount: JSONValue = type == "INCREMENTAL_AUTHORIZATION" ? "100" : ""
            let fields: [(String, JSONValue)] = [
                ("type", .string(type)), ("requestedAmount", amount), ("tipAmount", type == "TIP_ADJUST" ? "5" : ""),
            ]
            func body(_ more: (String, JSONValue)...) -> POSRequest.Body {
                var object = JSONObject()
                object["operation"] = "Transaction"
                for (name, value) in fields + more { object[name] = value }
                return decode(.object(object)).body
            }
            #expect(field(body()) == "originalAuthCode", "\(type)")
            #expect(try request(body(("originalAuthCode", "A1"))).originalAuthCode == "A1")
            #expect(try request(body(("originalTransactionID", "T-1"))).originalTransactionID == "T-1")
        }
        #expect(field(sale(("type", "FORCE"))) == "authCode")
        #expect(try request(sale(("type", "FORCE"), ("authCode", "V12345"))).authCode == "V12345")
        #expect(field(sale(("type", "TIP_ADJUST"), ("originalAuthCode", "A1"))) == "tipAmount")
    }

    @Test("operations that are not known are 200; the request's id is echoed")
    func unsupported() {
        for operation in ["Dance", "transaction"] {
            let request = decode(["operation": .string(operation), "requestId": "0123456789abcdef"])
            #expect(request.operation == operation && request.requestID == "0123456789abcdef")
            guard case .unsupported = request.body else {
                Issue.record("\(operation): \(request.body)")
                continue
            }
        }
    }

    @Test("a type that is written like one but is none of ours is 200, whatever else is wrong; anything else in its place is 3")
    func unsupportedType() {
        for type in ["LAYAWAY", "EBT_VOUCHER", "X"] {
            guard case .unsupported(let text) = sale(("type", .string(type)), ("requestedAmount", "x")) else {
                Issue.record("\(type)")
                continue
            }
            #expect(text.hasPrefix("type: "))
        }
        for type: JSONValue in ["Sale", "SALE ", "SALE1", "", 1, nil, .string(String(repeating: "X", count: 41))] {
            #expect(field(sale(("type", type))) == "type")
        }
    }

    @Test("simple operations")
    func simple() {
        #expect(decode(["operation": "Cancel"]).body == .cancel)
        #expect(decode(["operation": "GetInformation"]).body == .getInformation)
        #expect(decode(["operation": "LastTransaction"]).body == .lastTransaction)
        #expect(
            decode(["operation": "GetTransaction", "requestId": "0123456789abcdef"]).body == .getTransaction(.requestID("0123456789abcdef"))
        )
    }

    @Test("no operation to echo: Error")
    func noOperation() {
        for fields: JSONValue in [
            [:], ["operation": ""], ["operation": 1], ["operation": nil], ["operation": .string(String(repeating: "x", count: 65))], [],
            "x", 1,
        ] {
            let request = decode(fields)
            #expect(request.operation == "Error" && field(request.body) == "")
        }
    }

    @Test("a depth of 16 is read, 17 is not")
    func depth() {
        func nested(_ depth: Int) -> POSRequest {
            let inner = String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1)
            return POSRequestDecoder.decode("{\"operation\":\"Cancel\",\"x\":\(inner)}".utf8)
        }
        #expect(nested(16).body == .cancel)
        #expect(nested(17).operation == "Error")
    }

    @Test("truncated, mutated and random messages are answered, never a trap")
    func random() {
        var random = SeededRandom(seed: 3)
        let good = Array(
            "{\"operation\":\"Transaction\",\"type\":\"SALE\",\"requestedAmount\":\"500\",\"parameters\":[{\"key\":\"TIP\",\"value\":\"1\"}],\"requestId\":\"0123456789abcdef\"}"
                .utf8)
        for length in 0..<good.count { #expect(POSRequestDecoder.decode(good.prefix(length)).operation == "Error") }
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = POSRequestDecoder.decode(bytes)
            _ = POSRequestDecoder.decode(
                (0..<Int.random(in: 0..<64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
    }
}
