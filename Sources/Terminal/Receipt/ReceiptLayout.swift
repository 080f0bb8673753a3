private let newline = UInt8(ascii: "\n")

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
        guard !elements.isEmpty else { return "\n" }
        var text: [UInt8] = []
        text.reserveCapacity(elements.count * (columns + 1))
        for element in elements where !Self.write(plain: element, columns, to: &text) {
            for line in Self.lines(element, columns) {
                text += line.utf8
                text.append(newline)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Of nearly every line a byte is a character; says whether this one is of them.
    private static func write(plain element: Element, _ columns: Int, to text: inout [UInt8]) -> Bool {
        let left: Substring.UTF8View
        let right: Substring.UTF8View
        let spaces: Int
        switch element {
        case .pair(let wholeLeft, let wholeRight) where isPlain(wholeLeft) && isPlain(wholeRight):
            right = wholeRight.utf8.prefix(columns)
            left = wholeLeft.utf8.prefix(max(0, columns - right.count - 1))
            spaces = columns - left.count - right.count
        case .centred(let whole) where isPlain(whole):
            left = "".utf8.prefix(0)
            right = whole.utf8.prefix(columns)
            spaces = (columns - right.count) / 2
        case .blank:
            text.append(newline)
            return true
        default: return false
        }
        text += left
        text += repeatElement(0x20, count: spaces)
        text += right
        text.append(newline)
        return true
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

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { $0.allSatisfy { (0x20...0x7E).contains($0) } } ?? false
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
