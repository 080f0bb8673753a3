import EMV
import SmartCard
import Testing

@testable import Terminal

@Suite("Receipts")
struct ReceiptTests {
    static func receipt(_ decision: TransactionDecision, change: (inout TransactionAnswer) -> Void = { _ in }) -> Receipt {
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
            merchantName: "TEST SHOP", merchantLocation: "1 Main Street", currency: JournalSamples.dollar, answer: answer,
            applicationLabel: "VISA CREDIT", retrievalReference: "632621000001", stan: 1, signatureLine: true)
    }

    static let approval = TransactionDecision(.completed, hostContact: true)

    @Test("An approved sale that wants a signature, to the letter")
    func approved() {
        #expect(
            Self.receipt(Self.approval).text(.merchant) == """
                               TEST SHOP
                             1 Main Street
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


                ________________________________________
                               SIGNATURE
                I agree to pay the total amount above
                according to my agreement with the card
                issuer.

                             MERCHANT COPY

                """)
    }

    @Test("The customer's copy, in the customer's language")
    func french() {
        var receipt = Self.receipt(Self.approval) { $0.cvm = "ONLINE PIN" }
        receipt.signatureLine = false
        receipt.customerLanguage = .french
        receipt.lineItems = [LineItem(description: "Café", quantity: "2", unitPrice: 250, amount: 500)]
        #expect(
            receipt.text(.customer) == """
                               TEST SHOP
                             1 Main Street
                2026-11-22                      21:48:09
                TERMINAL                        TERM0001
                MARCHAND                 MERCHANT0000001
                LOT 000001                   STAN 000001
                RRN                         632621000001

                ACHAT                               Puce
                CARTE                               VISA
                COMPTE                  ************0010
                APPLICATION                  VISA CREDIT
                AID                       A0000000031010
                TVR 0000008000                  TSI E800

                Café x 2                        USD 5.00

                MONTANT                         USD 5.00
                POURBOIRE                       USD 1.00
                TOTAL                           USD 6.00

                               APPROUVÉE
                CODE D'AUTORISATION               123456
                            VÉRIFIÉ PAR NIP

                            COPIE DU CLIENT
                    Veuillez conserver cette copie.

                """)
        #expect(receipt.text(.merchant).contains("MERCHANT COPY"), "the merchant reads the merchant's language")
    }

    @Test("What the POS gave for the customer's books stands on both copies: reference, purchase order, exemption from tax")
    func customersBooks() {
        var receipt = Self.receipt(Self.approval)
        #expect(!receipt.text(.merchant).contains("ORDER") && !receipt.text(.merchant).contains("EXEMPT"))
        (receipt.customerReference, receipt.purchaseOrder, receipt.isTaxExempt) = ("C-77", String(repeating: "7", count: 25), true)
        receipt.customerLanguage = .spanish
        for (copy, words) in [
            (Receipt.Copy.merchant, ["CUSTOMER REF", "ORDER", "TAX EXEMPT"]),
            (.customer, ["REF. CLIENTE", "PEDIDO", "EXENTO DE IMPUESTO"]),
        ] {
            let lines = receipt.text(copy).split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
            #expect(lines.contains("\(words[0]) C-77") && lines.contains("\(words[1]) 7777777777777777777777777"))
            #expect(lines.contains(words[2]))
        }
    }

    @Test("Only the merchant's copy of an approved charge asks for a signature")
    func signature() {
        #expect(!Self.receipt(Self.approval).text(.customer).contains("____"))
        #expect(!Self.receipt(TransactionDecision(.declinedByHost, hostContact: true)).text(.merchant).contains("____"))
        #expect(!Self.receipt(Self.approval) { $0.type = .refund }.text(.merchant).contains("____"), "money that comes back")
        var verified = Self.receipt(Self.approval)
        verified.signatureLine = false
        #expect(!verified.text(.merchant).contains("____"))
    }

    private static func rows(_ rows: String, _ objects: [BERTLV], change: (inout TransactionAnswer) -> Void = { _ in }) throws -> String {
        var receipt = receipt(approval, change: change)
        receipt.cardRows = try DataObjectTable(yaml: "receipt: [\(rows)]").receipt
        receipt.cardObjects = objects
        receipt.customerLanguage = .french
        return receipt.text(.customer)
    }

    @Test("Another table of receipt objects is what is printed: its objects, its labels, its order, nothing for what is not there")
    func cardRows() throws {
        let text = try Self.rows(
            #"{tag: "9F26", label: AC}, {tag: "84", label: Programme}, {tag: "9F36", label: ATC, beside: true}, {tag: "9F12", label: NAME}, {tag: "9F34", label: CVMR}, {tag: "50", label: application}"#,
            [BERTLV(0x9F36, [0x00, 0x1F]), BERTLV(0x9F26, Array(repeating: 0xAB, count: 8)), BERTLV(0x9F12, [0x56, 0x1B, 0x49])])
        #expect(
            text.contains(
                """
                AC                      ABABABABABABABAB
                Programme A0000000031010        ATC 001F
                NAME                                 V?I
                APPLICATION                  VISA CREDIT

                """))
        #expect(!text.contains("TVR") && !text.contains("TSI") && !text.contains("CVMR"))
    }

    @Test("An object too long for its line goes on in the next; two that do not fit beside each other stand below each other")
    func longCardRows() throws {
        let text = try Self.rows(
            #"{tag: "9F10", label: IAD}, {tag: "84", label: AID}, {tag: "9F26", label: CRYPTOGRAM, beside: true}"#,
            [BERTLV(0x9F10, Array(0..<32)), BERTLV(0x9F26, Array(repeating: 0xAB, count: 8))])
        #expect(
            text.contains(
                "IAD" + String(repeating: " ", count: 37) + "\n000102030405060708090A0B0C0D0E0F101112  \n131415161718191A1B1C1D1E1F"))
        #expect(text.contains("AID                       A0000000031010\nCRYPTOGRAM              ABABABABABABABAB\n"))
    }

    @Test("A receipt of a swiped card has no chip data; one without TSI has its TVR alone")
    func absentCardData() throws {
        let swiped = Self.receipt(Self.approval) { ($0.aid, $0.tvr, $0.tsi) = (nil, nil, nil) }.text(.customer)
        #expect(!swiped.contains("AID") && !swiped.contains("TVR") && !swiped.contains("TSI"))
        let tapped = Self.receipt(Self.approval) { $0.tsi = nil }.text(.customer)
        #expect(tapped.contains("TVR                           0000008000\n") && !tapped.contains("TSI"))
    }

    @Test("A tip line is there to write a tip on, not for a tip that is given")
    func tipLine() {
        var receipt = Self.receipt(Self.approval) { $0.tipAmount = nil }
        receipt.tipLine = true
        for copy in [Receipt.Copy.merchant, .customer] { #expect(receipt.text(copy).contains("TIP ____")) }
        receipt.answer.tipAmount = 100
        #expect(!receipt.text(.merchant).contains("TIP ____"))
    }

    @Test("How the cardholder was verified", arguments: [("NO CVM", "NO SIGNATURE REQUIRED"), ("OFFLINE PIN", "VERIFIED BY PIN")])
    func verification(_ cvm: String, _ said: String) {
        #expect(Self.receipt(Self.approval) { $0.cvm = cvm }.text(.customer).contains(said))
        let declined = Self.receipt(TransactionDecision(.declinedByHost, hostContact: true)) { $0.cvm = cvm }
        #expect(!declined.text(.customer).contains(said), "a declined slip claims no verification")
    }

    @Test("Every outcome has its word, and only an approval says APPROVED")
    func outcomes() {
        let silent = Self.receipt(TransactionDecision(.noAnswer, reversal: .noAnswer, hostContact: true)).text(.customer)
        #expect(silent.contains("NOT COMPLETED - REVERSED") && !silent.contains("APPROV") && !silent.contains("TOTAL"))
        #expect(Self.receipt(TransactionDecision(.declinedByCard, hostContact: false)).text(.customer).contains("DECLINED"))
        #expect(Self.receipt(TransactionDecision(.hostUnreachable, hostContact: false)).text(.customer).contains("NOT COMPLETED\n"))
        #expect(Self.receipt(TransactionDecision(.cancelledByPOS, hostContact: false)).text(.customer).contains("CANCELED"))
    }

    @Test("Offline, partial, voided, reversed and printed again are marked")
    func marks() {
        #expect(Self.receipt(Self.approval) { $0.offline = true }.text(.customer).contains("APPROVED OFFLINE"))
        #expect(Self.receipt(Self.approval) { $0.state = .voided }.text(.customer).contains("*** VOIDED ***"))
        #expect(Self.receipt(Self.approval) { $0.state = .reversed }.text(.customer).contains("*** REVERSED ***"))
        let void = Self.receipt(Self.approval) {
            $0.type = .void
            $0.state = .voided
        }
        #expect(!void.text(.customer).contains("*** VOIDED ***"), "the slip of the VOID itself says VOID")
        let partial = Self.receipt(Self.approval) {
            $0.authorizedAmount = 350
            $0.totalAmount = 350
        }.text(.customer)
        #expect(partial.contains("APPROVED IN PART") && partial.contains("STILL DUE                       USD 2.50"))
        var again = Self.receipt(Self.approval)
        again.isDuplicate = true
        #expect(again.text(.customer).contains("*** DUPLICATE ***"))
    }

    @Test("A settlement's report, to the letter")
    func settlement() {
        var report = SettlementReport(batchJulianDay: 326)
        report.totals = [
            .init(type: .sale, brand: "VISA", count: 12, amount: 123_400), .init(type: .sale, brand: "MASTERCARD", count: 1, amount: 500),
            .init(type: .refund, brand: "VISA", count: 2, amount: 3_000),
        ]
        report.salesCount = 13
        report.salesAmount = 123_900
        report.refundsCount = 2
        report.refundsAmount = 3_000
        report.netAmount = -120_900
        var receipt = Self.receipt(Self.approval) {
            $0.type = .settlement
            $0.settlement = report
        }
        receipt.merchantLanguage = .spanish
        #expect(
            receipt.text(.merchant) == """
                               TEST SHOP
                             1 Main Street
                2026-11-22                      21:48:09
                TERMINAL                        TERM0001
                COMERCIO                 MERCHANT0000001
                LOTE 000001                  STAN 000001
                RRN                         632621000001

                              LIQUIDACIÓN
                DÍA                                  326

                VENTA\("                                   ")
                  VISA              12       USD 1234.00
                  MASTERCARD         1          USD 5.00
                DEVOLUCIÓN\("                              ")
                  VISA               2         USD 30.00

                VENTAS              13       USD 1239.00
                DEVOLUCIONES         2         USD 30.00
                ANULACIONES          0          USD 0.00
                NETO                        USD -1209.00

                         CUADRA CON EL SERVIDOR

                """)
    }

    @Test("No line is longer than 40 columns, whatever the names are; of the account only the last four digits show")
    func width() {
        for language in Language.allCases {
            var receipt = Self.receipt(Self.approval) {
                $0.hostMessage = String(repeating: "long ", count: 30)
                $0.responseCode = "00"
                $0.reference = String(repeating: "R", count: 60)
                $0.cardBrand = String(repeating: "B", count: 60)
                $0.requestedAmount = .max
                $0.totalAmount = .min
            }
            receipt.merchantName = String(repeating: "shop ", count: 20)
            receipt.merchantLanguage = language
            receipt.lineItems = [LineItem(description: String(repeating: "item ", count: 20), amount: .max)]
            let text = receipt.text(.merchant)
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= Receipt.columns })
            #expect(!text.contains("476173") && text.contains("************0010"))
        }
    }

    @Test("Every word is there in every language; every type, entry method and copy has one that leaves room for its neighbour")
    func words() {
        #expect(ReceiptText.table.texts.count > 60)
        for (key, texts) in ReceiptText.table.texts {
            #expect(Set(texts.keys).subtracting([.britishEnglish]) == Set(Language.spoken), "\(key)")
        }
        for language in Language.allCases {
            let words = ReceiptText(language)
            for type in TransactionType.allCases {
                let word = words.known("type.\(type.rawValue)")
                #expect((1...28).contains(word?.count ?? 0), "\(type) \(language): \(word ?? "none")")
            }
        }
    }
}
