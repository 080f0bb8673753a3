import Devices
import Testing

@testable import Terminal

@Suite("Receipts on a printer")
struct ReceiptPrintingTests {
    private let text = ReceiptTests.receipt(ReceiptTests.approval).text(.merchant)

    @Test("Centred lines are centred by the printer and bold, the merchant's name is large")
    func emphasis() {
        let lines = PrintDocument(receipt: text, columns: 42).lines
        #expect(lines[0] == .init("TEST SHOP", alignment: .center, bold: true, double: true))
        #expect(lines[1] == .init("1 Main Street", alignment: .center, bold: true))
        #expect(lines.contains(.init("APPROVED", alignment: .center, bold: true)))
        #expect(lines.last == .init("MERCHANT COPY", alignment: .center, bold: true))
    }

    @Test("Pairs and lines to write on use the printer's width", arguments: [32, 42, 48, 64])
    func width(_ columns: Int) {
        let lines = PrintDocument(receipt: text, columns: columns, copies: 2).lines.map(\.text)
        #expect(lines.contains("TOTAL" + String(repeating: " ", count: columns - 13) + "USD 6.00"))
        #expect(lines.contains(String(repeating: "_", count: columns)))
        #expect(lines.allSatisfy { $0.count <= columns })
    }

    @Test("On narrow paper a pair that does not fit takes two lines, and nothing is cut")
    func narrow() {
        let lines = PrintDocument(receipt: "AUTORISATION ADDITIONNELLE    Sans contact\n", columns: 32).lines.map(\.text)
        #expect(lines == ["AUTORISATION ADDITIONNELLE", String(repeating: " ", count: 20) + "Sans contact"])
    }

    @Test("Any text fits any paper, and no word of it is lost where it can be broken")
    func anything() {
        for columns in [0, 1, 16, 24] {
            let document = PrintDocument(receipt: text + String(repeating: "x", count: 300) + "\n  \n\u{301}\n", columns: columns)
            #expect(document.lines.allSatisfy { $0.text.count <= max(16, columns) })
        }
        let narrow = PrintDocument(receipt: "I agree to pay the total amount above\n", columns: 20).lines.map(\.text)
        #expect(narrow == ["I agree to pay the", "total amount above"])
        #expect(PrintDocument(receipt: "", columns: 40).lines.isEmpty)
    }
}
