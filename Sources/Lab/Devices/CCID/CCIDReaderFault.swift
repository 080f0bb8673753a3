/// What a virtual CCID reader can do wrong with one command.
public enum CCIDReaderFault: Sendable, Hashable {
    /// Refuses the command: STALL on bulk OUT.
    case stallOut
    /// STALL on bulk IN once, before the answer.
    case stallIn
    /// STALL instead of the answer.
    case stallInstead
    /// Never answers the command.
    case silent
    /// Answers with another bSeq.
    case wrongSequence
    /// Answers for another slot.
    case wrongSlot
    /// That many frames with other sequence numbers before the answer.
    case leftovers(Int)
    /// An empty transfer before the answer.
    case emptyTransfer
    /// The answer ends in its middle.
    case shortPacket
    /// Bytes after the end of the answer.
    case oversized
    /// Noise instead of the answer.
    case garbage
    /// Asks for more time, `count` times, then answers.
    case timeExtension(multiplier: UInt8, count: Int)
    /// Waits for `releaseHeld()` before it carries the command out.
    case hold
    /// Carries the command out that much later.
    case slow(Duration)
    /// Does not carry the command out: failed with this bError.
    case error(UInt8)
    /// Dies: answers nothing any more until it is plugged in again; `onVanish` is called.
    case vanish
}
