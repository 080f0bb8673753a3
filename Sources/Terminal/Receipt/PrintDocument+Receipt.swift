import Devices

extension PrintDocument {
    /// A receipt as the answer and the journal hold it, set anew for a printer: centred lines in bold, the merchant's name large, pairs and lines
    /// to write on over the printer's own width.
    ///
    /// - Parameters:
    ///   - receipt: text of `Receipt.columns` columns.
    ///   - columns: of the printer's normal font, at least 16.
    public init(receipt: String, columns: Int, copies: Int = 1) {
        let columns = max(16, columns)
        var lines: [Line] = []
        for line in receipt.split(separator: "\n", omittingEmptySubsequences: false) {
            let text = line.drop { $0 == " " }
            if text.isEmpty {
                lines.append(Line(""))
            } else if text.count < line.count {
                // Large characters take two columns.
                let isLarge = lines.isEmpty && text.count * 2 <= columns
                lines.append(Line(String(text.prefix(columns)), alignment: .center, bold: true, double: isLarge))
            } else if text.allSatisfy({ $0 == "_" }) {
                lines.append(Line(String(repeating: "_", count: columns)))
            } else if let gap = text.firstRange(of: "  ") {
                let right = text[gap.upperBound...].drop { $0 == " " }
                let left = text[..<gap.lowerBound]
                if left.count + 1 + right.count <= columns {
                    lines.append(Line(ReceiptLayout.row(String(left), String(right), columns)))
                } else {
                    // Too long for narrow paper: nothing is cut that fits on a line of its own.
                    lines += [Line(String(left.prefix(columns))), Line(ReceiptLayout.row("", String(right), columns))]
                }
            } else {
                lines += Self.wrapped(text, columns)
            }
        }
        while lines.last?.text == "" { lines.removeLast() }
        self.init(lines: lines, copies: copies)
    }

    private static func wrapped(_ text: Substring, _ columns: Int) -> [Line] {
        var layout = ReceiptLayout()
        layout.elements = [text.count <= columns ? .pair(String(text), "") : .paragraph(String(text))]
        return layout.text(columns: columns).split(separator: "\n").map { line in
            Line(String(line.reversed().drop { $0 == " " }.reversed()))
        }
    }
}
