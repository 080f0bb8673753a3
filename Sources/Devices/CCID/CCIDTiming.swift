/// How long to wait for a reader. A time extension multiplies these.
public struct CCIDTiming: Sendable, Hashable {
    /// Writing a frame.
    public var write: Duration = .seconds(5)
    /// Commands that do not involve the card.
    public var answer: Duration = .seconds(3)
    /// A command APDU. EMV cards have 1.5 s for a block (EMV Level 1, 9.2.4.2.1); a command can take several.
    public var card: Duration = .seconds(5)
    /// Answer to reset: up to 32 characters with 9,600 etu between two (ISO/IEC 7816-3), and readers that try several voltages.
    public var powerOn: Duration = .seconds(10)
    public var abort: Duration = .seconds(1)
    /// Between two attempts while the reader is busy with itself.
    public var busyPause: Duration = .milliseconds(100)
    /// Between two looks at the slots of a reader that has no interrupt endpoint.
    public var polling: Duration = .milliseconds(500)

    public init() {}
}
