/// The lines of a receipt before they have a width.
struct ReceiptLayout: Sendable, Hashable {
    enum Element: Sendable, Hashable {
        /// Left and right; the right side is the one that matters where both do not fit.
        case pair(String, String)
        case centred(String)
        /// Broken between words.
        case paragraph(String)
        case blank
        /// A line to write on, with what is to be written there in front of it …
        case field(String)
        /// … and one over the whole width.
        case rule
    }

    var elements: [Element] = []

    mutating func pair(_ left: String, _ right: String) { elements.append(.pair(left, right)) }
    mutating func centred(_ text: String) { elements.append(.centred(text)) }
    mutating func blank() { elements.append(.blank) }

    /// - Parameter columns: characters in a line.
    func text(columns: Int) -> String {
        elements.flatMap { Self.lines($0, columns) }.joined(separator: "\n") + "\n"
    }

    private static func lines(_ element: Element, _ columns: Int) -> [String] {
        switch element {
        case .pair(let left, let right): [row(left, right, columns)]
        case .centred(let text): [centred(text, columns)]
        case .paragraph(let text): words(text, columns)
        case .blank: [""]
        case .field(let title): [title.prefix(columns / 2) + " " + rule(columns - min(title.count, columns / 2) - 1)]
        case .rule: [rule(columns)]
        }
    }

    static func row(_ left: String, _ right: String, _ columns: Int) -> String {
        let right = right.prefix(columns)
        let left = left.prefix(max(0, columns - right.count - 1))
        return left + String(repeating: " ", count: columns - left.count - right.count) + right
    }

    static func centred(_ text: String, _ columns: Int) -> String {
        let text = text.prefix(columns)
        return String(repeating: " ", count: (columns - text.count) / 2) + text
    }

    private static func rule(_ length: Int) -> String { String(repeating: "_", count: max(0, length)) }

    private static func words(_ text: String, _ columns: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            let word = word.prefix(columns)
            if line.isEmpty {
                line = String(word)
            } else if line.count + 1 + word.count <= columns {
                line += " " + word
            } else {
                lines.append(line)
                line = String(word)
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
