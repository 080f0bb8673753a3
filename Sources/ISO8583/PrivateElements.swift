/// Field 48: elements of tag (2 digits), length (3 digits), value, in order.
public struct PrivateElements: Sendable, Equatable {
    public private(set) var elements: [(tag: String, value: String)] = []

    public init() {}

    /// Reads the field's text. Errors name the element, `48.05`.
    public init(_ text: String) throws(ISO8583Error) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let tag = rest.prefix(2)
            guard tag.count == 2, tag.allSatisfy(isDigit) else {
                throw ISO8583Error(.malformed, "48", "an element's tag is not two digits")
            }
            let name = String(decoding: tag, as: UTF8.self)
            let digits = rest.dropFirst(2).prefix(3)
            guard digits.count == 3, digits.allSatisfy(isDigit) else {
                throw ISO8583Error(.malformed, "48.\(name)", "its length is not three digits")
            }
            let length = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            rest = rest.dropFirst(5)
            guard rest.count >= length else { throw ISO8583Error(.malformed, "48.\(name)", "is cut short") }
            guard self[name] == nil else { throw ISO8583Error(.malformed, "48.\(name)", "stands there twice") }
            elements.append((name, String(decoding: rest.prefix(length), as: UTF8.self)))
            rest = rest.dropFirst(length)
        }
    }

    /// Value by tag; setting `nil` removes it, a new tag goes to the end.
    public subscript(tag: String) -> String? {
        get { elements.first { $0.tag == tag }?.value }
        set {
            let index = elements.firstIndex { $0.tag == tag }
            switch (index, newValue) {
            case (let index?, let value?): elements[index].value = value
            case (let index?, nil): elements.remove(at: index)
            case (nil, let value?): elements.append((tag, value))
            case (nil, nil): break
            }
        }
    }

    public var isEmpty: Bool { elements.isEmpty }

    /// The field's text.
    public func text() throws(ISO8583Error) -> String {
        var text = ""
        for (tag, value) in elements {
            guard tag.utf8.count == 2, tag.utf8.allSatisfy(isDigit) else {
                throw ISO8583Error(.unencodable, "48", "a tag is not two digits")
            }
            let length = String(value.utf8.count)
            guard length.utf8.count <= 3 else { throw ISO8583Error(.unencodable, "48.\(tag)", "is longer than 999") }
            text += tag + String(repeating: "0", count: 3 - length.utf8.count) + length + value
        }
        return text
    }

    public static func == (left: PrivateElements, right: PrivateElements) -> Bool {
        left.elements.elementsEqual(right.elements) { $0 == $1 }
    }
}
