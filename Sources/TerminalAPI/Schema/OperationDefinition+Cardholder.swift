import Devices
import JSON
import Terminal

/// The cardholder's side: display, input, signature, a card that pays nothing, paper.
extension OperationDefinition {
    static let cardholder: [OperationDefinition] = [
        OperationDefinition(
            "Display", kind: .complex, "Shows a text; with buttons it waits for one.", request: [text, lines, timeout, buttons],
            response: [Field("button", .string(pattern: nil), "The text of the button pressed.")],
            results: [.completed, .timeout, .cancelledByCardholder, .cancelledByPOS, .terminalNotReady],
            example: ["operation": "Display", "text": "Do you collect points?", "buttons": ["Yes", "No"], "timeout": "30"]
        ) { fields, _ throws(FieldError) in .operation(.display(try display(fields))) },
        OperationDefinition(
            "LineItems", "Changes the list of what is bought that the cardholder sees.", request: [action, items, subtotal, tax, total],
            results: [.completed],
            example: [
                "operation": "LineItems", "action": "set",
                "items": [["description": "Coffee", "quantity": "2", "unitPrice": "150", "amount": "300"]], "total": "300",
            ]
        ) { fields, _ throws(FieldError) in .operation(.lineItems(try lineItems(fields))) },
        OperationDefinition(
            "Input", kind: .complex, "Asks the cardholder to confirm, to choose, or to type an answer to a prompt of the fixed table.",
            request: [kind, promptID, text, options, timeout],
            response: [Field("answer", .string(pattern: nil), "What was typed or chosen; of confirm 1 for yes and 0 for no.")],
            results: [.completed, .timeout, .cancelledByCardholder, .cancelledByPOS, .terminalNotReady],
            example: ["operation": "Input", "kind": "digits", "promptId": "phone"]
        ) { fields, _ throws(FieldError) in .operation(.input(try input(fields))) },
        OperationDefinition(
            "GetSignature", kind: .complex, "Has the cardholder sign on the display.", request: [prompt, timeout],
            response: [Field("signature", .string(pattern: "^[A-Za-z0-9+/]+=*$"), "PNG, base64.")],
            results: [.completed, .timeout, .cancelledByCardholder, .cancelledByPOS, .terminalNotReady],
            example: ["operation": "GetSignature", "prompt": "Sign for your parcel"]
        ) { fields, _ throws(FieldError) in
            .operation(.getSignature(prompt: try fields.text(prompt), seconds: try seconds(fields)))
        },
        OperationDefinition(
            "ReadCard", kind: .complex, "Reads a card that pays nothing. The number is masked unless its range is on the whitelist.",
            request: [prompt, timeout, TransactionFields.entryModes],
            response: [
                Field("account", .string(pattern: "^[0-9*]{8,19}$"), "The number, the middle as * unless its range is on the whitelist."),
                Field("entryMode", .string(pattern: nil), "How the card came."),
            ], results: [.completed, .cardUnreadable, .timeout, .cancelledByCardholder, .cancelledByPOS, .terminalNotReady],
            example: ["operation": "ReadCard", "prompt": "Your loyalty card, please", "timeout": "20"]
        ) { fields, _ throws(FieldError) in
            let modes = try fields.words(TransactionFields.entryModes).flatMap { $0.isEmpty ? nil : Set($0) }
            return .operation(.readCard(.init(prompt: try fields.text(prompt), seconds: try seconds(fields), entryModes: modes)))
        },
        OperationDefinition(
            "PrintText", "Prints on the receipt printer.", request: [text, printedLines, copies, cut],
            results: [.completed, .terminalNotReady, .deviceFault],
            example: [
                "operation": "PrintText", "lines": [["text": "Corner Shop", "align": "center", "bold": "1"], ["text": "Thank you"]],
            ]
        ) { fields, _ throws(FieldError) in .operation(.print(try document(fields))) },
        OperationDefinition(
            "PrintLastReceipt", "Prints a receipt of the last transaction again.", request: [copy],
            results: [.completed, .terminalNotReady, .noLastTransaction, .deviceFault],
            example: ["operation": "PrintLastReceipt", "copy": "customer"]
        ) { fields, _ throws(FieldError) in
            .operation(.printLastReceipt(try fields.text(copy).flatMap(ReceiptCopy.init) ?? .customer))
        },
    ]

    private static let text = Field("text", .prose(atMost: 512), "A text; line feeds begin new lines.")
    private static let lines = Field("lines", .list(1...10, .prose(atMost: 128)), "The text line by line.")
    private static let timeout = Field("timeout", .number(1...100), "Seconds to wait; 60 unless given.")
    private static let buttons = Field("buttons", .list(1...6, .prose(atMost: 48)), "Texts of buttons, each once.")
    private static let action = Field(
        "action", .choice(LineItemsChange.Action.allCases.map(\.rawValue)), required: true, "What to do with the list.")
    private static let items = Field("items", .list(1...200, .object(LineItemFields.all)), "Lines to set, add or remove.")
    private static let subtotal = Field("subtotal", .amount, "Shown below the lines.")
    private static let tax = Field("tax", .amount, "Shown below the lines.")
    private static let total = Field("total", .amount, "Shown below the lines.")
    private static let kind = Field("kind", .choice(["confirm", "menu", "digits", "text"]), required: true, "What is asked.")
    private static let promptID = Field(
        "promptId", .choice(InputPrompt.all.map(\.id)), "Prompt of the fixed table, for digits and text.")
    private static let options = Field("options", .list(2...8, .prose(atMost: 48)), "What can be chosen, for menu; each once.")
    private static let prompt = Field("prompt", .prose(atMost: 128), "What the cardholder reads.")
    private static let printedLines = Field(
        "lines", .list(1...200, .object([lineText, align, bold, double])), "The text line by line, with looks.")
    private static let lineText = Field("text", .prose(atMost: 128), "One line.")
    private static let align = Field("align", .choice(["left", "center", "right"]), "left unless given.")
    private static let bold = Field("bold", .flag, "Bold.")
    private static let double = Field("double", .flag, "Double width and height.")
    private static let copies = Field("copies", .number(1...5), "1 unless given.")
    private static let cut = Field("cut", .flag, "Cuts the paper; 1 unless given.")
    private static let copy = Field("copy", .choice(ReceiptCopy.allCases.map(\.rawValue)), "customer unless given.")

    private static func seconds(_ fields: FieldReader) throws(FieldError) -> Int { try fields.number(timeout).map { Int($0) } ?? 60 }

    private static func distinct(_ fields: FieldReader, _ list: Field) throws(FieldError) -> [String]? {
        guard let texts = try fields.texts(list) else { return nil }
        guard Set(texts).count == texts.count, !texts.contains("") else { throw fields.error(list, "each text once, none empty") }
        return texts
    }

    private static func display(_ fields: FieldReader) throws(FieldError) -> DisplayRequest {
        let text = try fields.text(Self.text)
        let lines = try fields.texts(Self.lines)
        guard text == nil || lines == nil else { throw fields.error(Self.text, "not together with lines") }
        guard let shown = lines ?? text.map({ $0.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }) else {
            throw fields.error(Self.text, "required, or lines")
        }
        return DisplayRequest(
            lines: shown, seconds: try fields.number(timeout).map { Int($0) }, buttons: try distinct(fields, buttons) ?? [])
    }

    private static func lineItems(_ fields: FieldReader) throws(FieldError) -> LineItemsChange {
        guard let action = LineItemsChange.Action(rawValue: try fields.required(Self.action)) else { throw fields.error(Self.action) }
        let given = try LineItemFields.read(fields, items) ?? []
        if action != .clear, given.isEmpty { throw fields.error(items, "required for \(action.rawValue)") }
        return LineItemsChange(
            action, items: given, subtotal: try fields.number(subtotal), tax: try fields.number(tax), total: try fields.number(total))
    }

    private static func input(_ fields: FieldReader) throws(FieldError) -> InputRequest {
        let kind = try fields.required(Self.kind)
        let (text, prompt) = (try fields.text(Self.text), try fields.text(promptID))
        let options = try distinct(fields, Self.options)
        let seconds = try Self.seconds(fields)
        if let options, kind != "menu", !options.isEmpty { throw fields.error(Self.options, "only for menu") }
        switch kind {
        case "confirm":
            guard let text else { throw fields.error(Self.text, "required for confirm") }
            return InputRequest(.confirm(text: text), seconds: seconds)
        case "menu":
            guard let options else { throw fields.error(Self.options, "required for menu") }
            return InputRequest(.menu(text: text, options: options), seconds: seconds)
        default:
            // A free prompt could ask for a card's number.
            guard text == nil else { throw fields.error(Self.text, "not for \(kind): promptId names what is asked") }
            guard let prompt, let found = InputPrompt.named(prompt) else { throw fields.error(promptID, "required for \(kind)") }
            guard found.kind.rawValue == kind else { throw fields.error(promptID, "not a prompt for \(kind)") }
            return InputRequest(.prompt(found), seconds: seconds)
        }
    }

    private static func document(_ fields: FieldReader) throws(FieldError) -> PrintDocument {
        let text = try fields.text(Self.text)
        var lines: [PrintDocument.Line] = []
        for entry in try fields.objects(printedLines) ?? [] {
            lines.append(
                .init(
                    try entry.text(lineText) ?? "", alignment: try entry.text(align).flatMap(PrintDocument.Alignment.init) ?? .left,
                    bold: try entry.flag(bold) ?? false, double: try entry.flag(double) ?? false))
        }
        guard text == nil || lines.isEmpty else { throw fields.error(Self.text, "not together with lines") }
        if let text { lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { .init(String($0)) } }
        guard !lines.isEmpty else { throw fields.error(Self.text, "required, or lines") }
        return PrintDocument(lines: lines, copies: Int(try fields.number(copies) ?? 1), cut: try fields.flag(cut) ?? true)
    }
}
