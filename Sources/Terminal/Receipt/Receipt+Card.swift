import EMV
import Hex
import SmartCard

/// What a receipt says of the chip, by the table of data objects.
extension Receipt {
    func addCardObjects(_ layout: inout ReceiptLayout, _ words: ReceiptText) {
        var parts: [(label: String, value: String)] = []
        for (index, row) in cardRows.enumerated() {
            if let value = value(of: row.tag), !value.isEmpty { parts.append((words.text(row.label), value)) }
            let isLineComplete = index + 1 == cardRows.count || !cardRows[index + 1].isBeside
            guard isLineComplete, !parts.isEmpty else { continue }
            let texts = parts.map { "\($0.label) \($0.value)" }
            if parts.count == 2, texts[0].count + 1 + texts[1].count <= Self.columns {
                layout.pair(texts[0], texts[1])
            } else {
                for part in parts { add(part.label, part.value, &layout) }
            }
            parts = []
        }
    }

    /// Nothing is cut: what is too long for a line goes on in the next.
    private func add(_ label: String, _ value: String, _ layout: inout ReceiptLayout) {
        guard label.count + 1 + value.count > Self.columns else { return layout.pair(label, value) }
        layout.pair(label, "")
        // One column of a pair is the gap; two, so that no byte is torn apart.
        let width = Self.columns - 2
        var rest = value[...]
        while !rest.isEmpty {
            layout.pair(String(rest.prefix(width)), "")
            rest = rest.dropFirst(width)
        }
    }

    /// What the answer has counts: it is there for transactions that read no card too, such as the void of a chip sale.
    private func value(of tag: TagNumber) -> String? {
        switch tag {
        case 0x50: answer.preferredName ?? applicationLabel
        case 0x84: answer.aid
        case 0x95: answer.tvr
        case 0x9B: answer.tsi
        default: cardObjects.first(tag).map { Self.text(tag, $0.value) }
        }
    }

    private static func text(_ tag: TagNumber, _ value: [UInt8]) -> String {
        switch DataDictionary[tag]?.format {
        // A card's text is not trusted to be printable.
        case .alphabetic, .alphanumeric, .alphanumericSpecial:
            String(decoding: value.map { (0x20...0x7E).contains($0) ? $0 : 0x3F }, as: UTF8.self)
        default: value.hex
        }
    }
}
