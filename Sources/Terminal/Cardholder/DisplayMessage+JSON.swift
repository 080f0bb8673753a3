import Devices
import JSON

/// Display messages and answers as JSON: for the display page, the lab's bus and its console.
extension DisplayMessage {
    public var json: JSONObject {
        var object = JSONObject()
        object.append("prompt", .string(prompt.rawValue))
        object.append("text", .string(text))
        object.append("buttons", .array(buttons.map(JSONValue.string)))
        object.append("language", .string(language))
        object.append("screen", .integer(Int64(screen)))
        switch content {
        case nil: break
        case .items(let items): object.append("items", items.json)
        case .entry(let form):
            object.append(
                "entry",
                [
                    "keyboard": .string(form.keyboard.rawValue), "minimumLength": .integer(Int64(form.minimumLength)),
                    "maximumLength": .integer(Int64(form.maximumLength)),
                ])
        case .signature: object.append("signature", .bool(true))
        }
        return object
    }

    /// `nil` for anything that is not such a message.
    public init?(json object: JSONObject) {
        guard let prompt = object["prompt"]?.string.flatMap(Prompt.init), let text = object["text"]?.string else { return nil }
        var content: DisplayContent?
        if let items = object["items"] {
            guard let items = DisplayedItems(json: items) else { return nil }
            content = .items(items)
        } else if let entry = object["entry"] {
            guard let keyboard = entry["keyboard"]?.string.flatMap(EntryForm.Keyboard.init),
                let minimum = entry["minimumLength"]?.integer.flatMap(Int.init(exactly:)),
                let maximum = entry["maximumLength"]?.integer.flatMap(Int.init(exactly:))
            else { return nil }
            content = .entry(EntryForm(keyboard: keyboard, minimumLength: minimum, maximumLength: maximum))
        } else if object["signature"] == .bool(true) {
            content = .signature
        }
        self.init(
            prompt, text: text, buttons: object["buttons"]?.array?.compactMap(\.string) ?? [], content: content,
            language: object["language"]?.string ?? "en", screen: object["screen"]?.integer.flatMap(Int.init(exactly:)) ?? 0)
    }
}

extension DisplayedItems {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object.append(
            "lines",
            .array(
                lines.map { line in
                    var entry = JSONObject()
                    entry.append("description", .string(line.description))
                    entry.append("quantity", line.quantity)
                    entry.append("unitPrice", line.unitPrice)
                    entry.append("amount", line.amount)
                    return .object(entry)
                }))
        object.append("subtotal", subtotal)
        object.append("tax", tax)
        object.append("total", total)
        return .object(object)
    }

    fileprivate init?(json: JSONValue) {
        guard let elements = json["lines"]?.array else { return nil }
        var lines: [Line] = []
        for element in elements {
            guard let description = element["description"]?.string else { return nil }
            lines.append(
                Line(
                    description: description, quantity: element["quantity"]?.string, unitPrice: element["unitPrice"]?.string,
                    amount: element["amount"]?.string))
        }
        self.init(lines: lines, subtotal: json["subtotal"]?.string, tax: json["tax"]?.string, total: json["total"]?.string)
    }
}

extension CardholderAnswer {
    /// `{"screen":7,"pressed":"Yes"}`, `entered`, `signed` with `{"width","height","strokes":[[x,y,x,y,…],…]}`, or `"cancelled":true`.
    public var json: JSONObject {
        var object = JSONObject()
        if let screen { object.append("screen", .integer(Int64(screen))) }
        switch kind {
        case .pressed(let text): object.append("pressed", .string(text))
        case .entered(let text): object.append("entered", .string(text))
        case .cancelled: object.append("cancelled", .bool(true))
        case .signed(let signature):
            let strokes = signature.strokes.map { stroke in
                JSONValue.array(stroke.flatMap { [.integer(Int64($0.x)), .integer(Int64($0.y))] })
            }
            object.append(
                "signed",
                [
                    "width": .integer(Int64(signature.width)), "height": .integer(Int64(signature.height)), "strokes": .array(strokes),
                ])
        }
        return object
    }

    /// `nil` for anything that is not an answer.
    public init?(json object: JSONObject) {
        let screen = object["screen"]?.integer.flatMap(Int.init(exactly:))
        if let text = object["pressed"]?.string {
            self.init(.pressed(text), screen: screen)
        } else if let text = object["entered"]?.string {
            self.init(.entered(text), screen: screen)
        } else if object["cancelled"] == .bool(true) {
            self.init(.cancelled, screen: screen)
        } else if let signed = object["signed"], let signature = Signature(json: signed) {
            self.init(.signed(signature), screen: screen)
        } else {
            return nil
        }
    }
}

extension Signature {
    fileprivate init?(json: JSONValue) {
        guard let width = json["width"]?.integer.flatMap(Int.init(exactly:)),
            let height = json["height"]?.integer.flatMap(Int.init(exactly:)),
            let lists = json["strokes"]?.array
        else { return nil }
        var strokes: [[Point]] = []
        for list in lists {
            guard let numbers = list.array, numbers.count.isMultiple(of: 2) else { return nil }
            var stroke: [Point] = []
            for index in stride(from: 0, to: numbers.count, by: 2) {
                guard let x = numbers[index].integer.flatMap(Int.init(exactly:)),
                    let y = numbers[index + 1].integer.flatMap(Int.init(exactly:))
                else { return nil }
                stroke.append(Point(x: x, y: y))
            }
            strokes.append(stroke)
        }
        self.init(width: width, height: height, strokes: strokes)
    }
}
