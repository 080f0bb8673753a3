/// A message to a device and the one that answers it, as one request: what most card readers speak on their bulk endpoints. A bus that
/// knows both halves begins to read the moment the message is out, without going back to who asked.
public struct USBExchange: Hashable, Sendable {
    /// Address without direction bit, as for `bulkOut`.
    public var outEndpoint: UInt8
    public var message: [UInt8]
    public var writeLimit: Duration
    /// Address with bit 7 set, as for `bulkIn`.
    public var inEndpoint: UInt8
    /// How much is read at most.
    public var length: Int
    /// Counts from when the message is out.
    public var readLimit: Duration

    public init(
        _ message: [UInt8], to outEndpoint: UInt8, within writeLimit: Duration, answerFrom inEndpoint: UInt8, length: Int,
        within readLimit: Duration
    ) {
        self.outEndpoint = outEndpoint
        self.message = message
        self.writeLimit = writeLimit
        self.inEndpoint = inEndpoint
        self.length = length
        self.readLimit = readLimit
    }

    public enum Outcome: Sendable {
        case answered([UInt8])
        /// The message did not go out; nothing was read.
        case notSent(USBError)
        /// The message is out, and no answer was read.
        case notAnswered(USBError)
    }
}

extension USBDevice {
    public func exchange(_ exchange: USBExchange) async -> USBExchange.Outcome {
        do { try await bulkOut(exchange.outEndpoint, exchange.message, timeout: exchange.writeLimit) } catch { return .notSent(error) }
        do {
            return .answered(try await bulkIn(exchange.inEndpoint, length: exchange.length, timeout: exchange.readLimit))
        } catch {
            return .notAnswered(error)
        }
    }
}
