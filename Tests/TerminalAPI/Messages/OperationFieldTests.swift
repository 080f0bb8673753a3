import Devices
import JSON
import Terminal
import Testing

@testable import TerminalAPI

@Suite("Requests besides Transaction: what each field becomes (pos-protocol, section 6)")
struct OperationFieldTests {
    private struct Row {
        let request: JSONValue
        let body: POSRequest.Body

    }

    private static let rows: [Row] = {
        var rows: [Row] = []
        func asks(_ request: JSONValue, _ body: POSRequest.Body) { rows.append(Row(request: request, body: body)) }
        func add(_ request: JSONValue, _ operation: OperationRequest) { asks(request, .operation(operation)) }
        asks(["operation": "GetTransaction", "transactionID": "T-1"], .getTransaction(.transactionID(TransactionID("T-1"))))
        asks(["operation": "GetTransaction", "uniqueTransactionId": "U1"], .getTransaction(.uniqueTransactionID("U1")))
        asks(["operation": "GetTransaction", "reference": "R1"], .getTransaction(.reference("R1")))
        add(
            [
                "operation": "GetTransactions", "batchNumber": "7", "from": "20260101", "to": 20_260_131, "type": "VOID",
                "state": "reversalPending", "limit": 200, "cursor": "c-1",
            ],
            .getTransactions(query))
        add(
            ["operation": "Display", "text": "a\n\nb", "timeout": 9, "buttons": ["Yes", "No"]],
            .display(.init(lines: ["a", "", "b"], seconds: 9, buttons: ["Yes", "No"])))
        add(["operation": "Display", "lines": ["a", "b"]], .display(.init(lines: ["a", "b"], seconds: nil, buttons: [])))
        add(
            [
                "operation": "LineItems", "action": "add",
                "items": [["description": "Tea", "quantity": 2, "unitPrice": "150", "amount": 300]], "subtotal": "300", "tax": "24",
                "total": "324",
            ],
            .lineItems(
                .init(
                    .add, items: [LineItem(description: "Tea", quantity: "2", unitPrice: 150, amount: 300)], subtotal: 300, tax: 24,
                    total: 324)))
        add(
            ["operation": "Input", "kind": "confirm", "text": "Delivery?", "timeout": "20"],
            .input(.init(.confirm(text: "Delivery?"), seconds: 20)))
        add(
            ["operation": "Input", "kind": "menu", "text": "Which?", "options": ["A", "B"]],
            .input(.init(.menu(text: "Which?", options: ["A", "B"]), seconds: 60)))
        add(
            ["operation": "Input", "kind": "digits", "promptId": "phone"],
            .input(.init(.prompt(InputPrompt.all.first { $0.id == "phone" } ?? InputPrompt.all[0]), seconds: 60)))
        add(["operation": "GetSignature", "prompt": "Sign", "timeout": "30"], .getSignature(prompt: "Sign", seconds: 30))
        add(
            ["operation": "ReadCard", "prompt": "Swipe", "timeout": 10, "entryModes": "swipe, chip"],
            .readCard(.init(prompt: "Swipe", seconds: 10, entryModes: ["swipe", "chip"])))
        add(
            ["operation": "PrintText", "text": "a\nb", "copies": "3", "cut": "0"],
            .print(PrintDocument(lines: [.init("a"), .init("b")], copies: 3, cut: false)))
        add(
            ["operation": "PrintText", "lines": [["text": "a", "align": "right", "bold": "1", "double": 1], [:]]],
            .print(PrintDocument(lines: [.init("a", alignment: .right, bold: true, double: true), .init("")], copies: 1, cut: true)))
        add(["operation": "PrintLastReceipt", "copy": "merchant"], .printLastReceipt(.merchant))
        add(["operation": "PrintLastReceipt", "copy": ""], .printLastReceipt(.customer))
        add(["operation": "GetParameter", "parameters": [["key": "LANG"], ["key": "TIP"]]], .getParameters(keys: ["LANG", "TIP"]))
        add(["operation": "GetParameter"], .getParameters(keys: []))
        add(
            ["operation": "SetParameter", "parameters": [["key": "LANG", "value": 2], ["key": "TIP", "value": ""]]],
            .setParameters([.init(key: "LANG", value: "2"), .init(key: "TIP", value: "")]))
        asks(["operation": "Subscribe", "events": ["host", "maintenance"]], .subscribe([.host, .maintenance]))
        add(["operation": "Restart", "when": "now"], .restart(.now))
        add(["operation": "Restart"], .restart(.idle))
        add(
            [
                "operation": "GenerateCsr", "commonName": "till-1",
                "subjectAltNames": [["type": "dns", "value": "till-1.example"], ["type": "ip", "value": "192.0.2.1"]],
                "organization": "Shop", "organizationalUnit": "Front", "locality": "Bern", "state": "BE", "country": "CH",
            ],
            .generateCertificateRequest(subject))
        add(["operation": "ImportCertificate", "certificate": "-----BEGIN C\n"], .importCertificate("-----BEGIN C\n"))
        add(["operation": "InstallTrustCertificate", "certificate": "-----BEGIN C\n"], .installTrust("-----BEGIN C\n"))
        return rows
    }()

    private static var query: TransactionQuery {
        var query = TransactionQuery()
        (query.batchNumber, query.from, query.to, query.type) = (7, "20260101", "20260131", .void)
        (query.state, query.limit, query.cursor) = (.reversalPending, 200, "c-1")
        return query
    }

    private static var subject: CertificateSubject {
        var subject = CertificateSubject(commonName: "till-1", hosts: ["till-1.example"], addresses: ["192.0.2.1"])
        (subject.organization, subject.organizationalUnit, subject.locality) = ("Shop", "Front", "Bern")
        (subject.state, subject.country) = ("BE", "CH")
        return subject
    }

    @Test("every field of every operation besides Transaction arrives as what it means", arguments: rows.indices)
    func arrives(_ index: Int) {
        let row = Self.rows[index]
        #expect(POSRequestDecoder.decode(row.request.bytes).body == row.body)
    }

    @Test("no field of no operation is left out of that")
    func complete() {
        for definition in OperationDefinition.all where definition.name != "Transaction" {
            let given = Self.rows.compactMap(\.request.object).filter { $0["operation"]?.string == definition.name }
                .flatMap { $0.members.map(\.name) }
            #expect(Set(definition.request.map(\.name)).isSubset(of: given), "\(definition.name)")
        }
    }
}
