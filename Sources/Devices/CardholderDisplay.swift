/// What the cardholder sees and answers: two lines on a PIN pad, or a second screen with a keyboard and a signature pad.
///
/// A display that can only show text implements `show` and nothing more. One that takes answers sends them through `answers` and says in
/// `abilities` which.
public protocol CardholderDisplay: Sendable {
    /// Replaces what is shown.
    func show(_ message: DisplayMessage) async
    /// What the cardholder does from now on; `nil` for a display that takes no answers, where the terminal takes the first choice itself. Each
    /// call makes an independent stream.
    func answers() -> AsyncStream<CardholderAnswer>?
    /// What it can do now; a kiosk page comes and goes.
    var abilities: DisplayAbilities { get }
}

extension CardholderDisplay {
    public func answers() -> AsyncStream<CardholderAnswer>? { nil }
    public var abilities: DisplayAbilities { [] }
}

public struct DisplayAbilities: OptionSet, Sendable, Hashable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let buttons = DisplayAbilities(rawValue: 1)
    /// Shows `DisplayContent.items`.
    public static let items = DisplayAbilities(rawValue: 2)
    /// Takes what the cardholder types into `DisplayContent.entry`. Never a PIN.
    public static let entry = DisplayAbilities(rawValue: 4)
    /// Takes `DisplayContent.signature`.
    public static let signature = DisplayAbilities(rawValue: 8)
    public static let all: DisplayAbilities = [.buttons, .items, .entry, .signature]
}

/// What the terminal wants shown. `prompt` is for programs (the lab's automatic cardholder, the display page's looks), `text` for people.
public struct DisplayMessage: Sendable, Hashable {
    public enum Prompt: String, Sendable, CaseIterable {
        case welcome, insertCard, processing, removeCard, chooseApplication, enterPIN, approved, declined, cancelled, notCompleted
        /// Any of the readers will do.
        case presentCard
        /// The chip could not be read, or there is a stripe reader only.
        case swipeCard
        /// A card with a chip was swiped or tapped.
        case useChip
        /// The card's number is to be typed at the PIN pad; after a number or date that cannot be right, again.
        case keyCard, keyCardAgain
        /// Buttons: tips to choose from.
        case tip
        /// A text of the POS, with its buttons if it gave any.
        case message
        case lineItems
        /// Buttons: yes and no.
        case confirm
        /// Buttons: one of several.
        case menu
        case entry
        case signature
        /// A card that pays nothing, such as a loyalty card (`ReadCard`).
        case readCard
    }
    public var prompt: Prompt
    public var text: String
    public var buttons: [String]
    /// What a display with the ability shows besides text and buttons.
    public var content: DisplayContent?
    /// ISO 639-1; of `text` and `buttons`, and for what a display writes itself.
    public var language: String
    /// Comes back in the answer, so that a press meant for the screen before is not taken for one on this. 0: nobody compares.
    public var screen: Int

    public init(
        _ prompt: Prompt, text: String, buttons: [String] = [], content: DisplayContent? = nil, language: String = "en", screen: Int = 0
    ) {
        self.prompt = prompt
        self.text = text
        self.buttons = buttons
        self.content = content
        self.language = language
        self.screen = screen
    }
}

public enum DisplayContent: Sendable, Hashable {
    /// What is being bought.
    case items(DisplayedItems)
    /// A field to type in.
    case entry(EntryForm)
    /// A field to sign in.
    case signature
}

/// Lines and amounts as texts, ready to be shown.
public struct DisplayedItems: Sendable, Hashable {
    public struct Line: Sendable, Hashable {
        public var description: String
        public var quantity: String?
        public var unitPrice: String?
        public var amount: String?

        public init(description: String, quantity: String? = nil, unitPrice: String? = nil, amount: String? = nil) {
            self.description = description
            self.quantity = quantity
            self.unitPrice = unitPrice
            self.amount = amount
        }
    }

    public var lines: [Line]
    public var subtotal: String?
    public var tax: String?
    public var total: String?

    public init(lines: [Line], subtotal: String? = nil, tax: String? = nil, total: String? = nil) {
        self.lines = lines
        self.subtotal = subtotal
        self.tax = tax
        self.total = total
    }
}

/// A field to type in.
public struct EntryForm: Sendable, Hashable {
    public enum Keyboard: String, Sendable, CaseIterable { case digits, text, email }
    public var keyboard: Keyboard
    public var minimumLength: Int
    public var maximumLength: Int

    public init(keyboard: Keyboard, minimumLength: Int, maximumLength: Int) {
        self.keyboard = keyboard
        self.minimumLength = minimumLength
        self.maximumLength = maximumLength
    }
}

/// What the cardholder did.
public struct CardholderAnswer: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// The text of a button.
        case pressed(String)
        case entered(String)
        case signed(Signature)
        case cancelled
    }
    public var kind: Kind
    /// `DisplayMessage.screen` that it answers; `nil` from a display that cannot tell.
    public var screen: Int?

    public init(_ kind: Kind, screen: Int? = nil) {
        self.kind = kind
        self.screen = screen
    }

    /// Whether it was given to the screen with this number.
    public func answers(_ shown: Int) -> Bool { screen == nil || screen == shown }
}

/// A signature as the pen moved: strokes of points on a field of `width` by `height`, the origin top left.
public struct Signature: Sendable, Hashable {
    public struct Point: Sendable, Hashable {
        public var x: Int
        public var y: Int
        public init(x: Int, y: Int) {
            self.x = x
            self.y = y
        }
    }

    public static let largestSide = 4096
    public static let mostPoints = 20_000

    public let width: Int
    public let height: Int
    public let strokes: [[Point]]

    /// `nil` for a field of no size or beyond the limits, for points outside it, and for no points at all.
    public init?(width: Int, height: Int, strokes: [[Point]]) {
        guard (1...Self.largestSide).contains(width), (1...Self.largestSide).contains(height) else { return nil }
        let points = strokes.joined()
        guard points.allSatisfy({ (0..<width).contains($0.x) && (0..<height).contains($0.y) }) else { return nil }
        guard (1...Self.mostPoints).contains(points.count) else { return nil }
        self.width = width
        self.height = height
        self.strokes = strokes.filter { !$0.isEmpty }
    }
}
