import NIOCore
import NIOWebSocket

/// Who lives above a WebSocket connection. All calls come on the event loop.
protocol WebSocketSession: AnyObject {
    /// The upgrade is done; `connection` may be used from now until `closed`.
    func opened(_ connection: WebSocketHandler)
    /// Bytes of the peer that complete no message, also those of a frame that is not whole yet.
    func bytesArrived()
    func received(_ message: ByteBuffer, isText: Bool)
    /// Nothing more will arrive or can be sent. Called once.
    func closed()
}

/// One WebSocket connection on its event loop. `MessageAssembler` has the rules; this carries them out. Everything is written from the loop in
/// the order of the calls, so that a close cannot overtake an answer.
final class WebSocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame

    /// What happens when the peer does not take what is sent to it.
    enum SlowReader {
        /// More messages than this waiting: the connection is dropped.
        case drop(after: Int)
        /// Nothing is read from the peer until it has taken what waits.
        case wait
    }

    private enum State {
        case open
        /// A close frame was sent; all that still arrives is discarded until the peer closes or the time is over.
        case closing
        case closed
    }

    private let session: any WebSocketSession
    private let slowReader: SlowReader
    private let closingTime: TimeAmount
    private let messageTime: TimeAmount?
    private var assembler: MessageAssembler
    private var context: ChannelHandlerContext?
    /// Where whole frames leave: behind the library's frame encoder, which would write each header apart.
    private var outlet: ChannelHandlerContext?
    private var state = State.open
    private var sessionTold = false
    private var bytesTold = false
    /// Sizes of the messages sent since the network was last seen to have taken them all.
    private var unasked: [Int] = []
    /// Messages that the network has not taken: found so when it was asked, and sent since then.
    private var (foundWaiting, countedWaiting) = (0, 0)
    /// The answer to the last ping, while the peer does not take it (RFC 6455, 5.5.3: only the last needs one).
    private var owedPong: ByteBuffer?
    private var deadline: Scheduled<Void>?
    /// Runs while a message has begun and not ended.
    private var unfinished: Scheduled<Void>?
    private var frameCame = false

    /// - Parameter messageTime: how long a message may take from its first byte to its last; `nil` for ever.
    init(
        session: any WebSocketSession, messageLimit: Int, binaryAllowed: Bool, slowReader: SlowReader, closingTime: Duration,
        messageTime: Duration? = nil
    ) {
        self.session = session
        self.slowReader = slowReader
        self.closingTime = TimeAmount(closingTime)
        self.messageTime = messageTime.map { TimeAmount($0) }
        assembler = MessageAssembler(limit: messageLimit, binaryAllowed: binaryAllowed)
    }

    // MARK: To the peer

    func send(_ message: OutgoingFrame) {
        guard state == .open, let context else { return }
        guard case .drop(let limit) = slowReader else { return write(message, nil) }
        if foundWaiting + countedWaiting == 0 {
            // Nearly always the network takes a message at once. To ask for each costs more than to ask for some and count back.
            if unasked.count + 1 >= min(limit, Self.mostUnasked) { foundWaiting = askForWaiting(context) }
            if foundWaiting == 0 {
                unasked.append(message.bytes.readableBytes)
                return write(message, nil)
            }
        }
        if foundWaiting + countedWaiting >= limit { return drop() }
        countedWaiting += 1
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in
            self.countedWaiting -= 1
            self.foundWaiting = 0
        }
        write(message, sent)
    }

    private static let mostUnasked = 8

    /// How many of the last messages the network has not taken.
    private func askForWaiting(_ context: ChannelHandlerContext) -> Int {
        defer { unasked.removeAll(keepingCapacity: true) }
        var left = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        var count = 0
        for size in unasked.reversed() where left > 0 {
            left -= size
            count += 1
        }
        // What TLS adds, or a ping.
        return left > 0 ? count + 1 : count
    }

    func ping() {
        guard state == .open else { return }
        write(OutgoingFrame(.ping, []), nil)
    }

    /// Sends a close frame and takes no further message. The connection ends when the peer answers, at the latest after the closing time.
    func close(_ code: CloseCode, _ reason: String = "") {
        guard state == .open, let context else { return }
        // 5.5: a control frame holds at most 125 bytes; our reasons are short ASCII.
        let body = Self.body(code.rawValue) + reason.utf8.prefix(123)
        state = .closing
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: closingTime) { self.drop() }
        let sent = context.eventLoop.makePromise(of: Void.self)
        // The output is shut first and the input still read: closing at once with unread bytes would reset the connection (RFC 6455, 7.1.1),
        // and the peer might never see why.
        sent.futureResult.assumeIsolated().whenComplete { _ in
            if self.state == .closing { self.context?.close(mode: .output, promise: nil) }
        }
        write(OutgoingFrame(.connectionClose, body), sent)
        tellClosed()
    }

    /// Ends the connection without a word.
    func drop() {
        guard state != .closed else { return }
        state = .closed
        context?.close(promise: nil)
        tellClosed()
    }

    private func write(_ frame: OutgoingFrame, _ promise: EventLoopPromise<Void>?) {
        guard let outlet else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        outlet.writeAndFlush(NIOAny(frame.bytes), promise: promise)
    }

    private static func body(_ code: UInt16) -> [UInt8] { [UInt8(code >> 8), UInt8(truncatingIfNeeded: code)] }

    private func tellClosed() {
        guard !sessionTold else { return }
        sessionTold = true
        session.closed()
    }

    // MARK: From the peer

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        outlet = (try? context.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self)) ?? context
        session.opened(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        outlet = nil
        deadline?.cancel()
        unfinished?.cancel()
        tellClosed()
    }

    func channelInactive(context: ChannelHandlerContext) {
        state = .closed
        deadline?.cancel()
        unfinished?.cancel()
        tellClosed()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = Self.unwrapInboundIn(data)
        guard state == .open else {
            if state == .closing, frame.opcode == .connectionClose { drop() }
            return
        }
        frameCame = true
        let outcome = assembler.accept(frame)
        if case .message(let message, let isText) = outcome {
            unfinished?.cancel()
            unfinished = nil
            bytesTold = true
            return session.received(message, isText: isText)
        }
        tellBytes()
        switch outcome {
        case .none, .pong, .message: break
        case .ping(let body): pong(body, context)
        case .close(let code): answerClose(code, context)
        case .fail(let code): close(code)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if state == .open {
            tellBytes()
            limitMessage(context)
        }
        bytesTold = false
        frameCame = false
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        if isWritable, let body = owedPong {
            owedPong = nil
            pong(body, context)
        }
        if case .wait = slowReader { try? context.channel.syncOptions?.setOption(.autoRead, value: isWritable) }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength: close(.messageTooBig)
        case is NIOWebSocketError: close(.protocolError)
        // What arrives after a frame that could not be decoded.
        case is ByteToMessageDecoderError where state == .closing: break
        default: drop()
        }
    }

    /// Bytes without a whole frame are the beginning of one; control frames between fragments give no more time.
    private func limitMessage(_ context: ChannelHandlerContext) {
        guard let messageTime else { return }
        guard assembler.isWithinMessage || !frameCame else {
            unfinished?.cancel()
            unfinished = nil
            return
        }
        guard unfinished == nil else { return }
        unfinished = context.eventLoop.assumeIsolated().scheduleTask(in: messageTime) {
            self.close(.policyViolation, "message not finished in time")
        }
    }

    private func tellBytes() {
        guard !bytesTold else { return }
        bytesTold = true
        session.bytesArrived()
    }

    private func pong(_ body: ByteBuffer, _ context: ChannelHandlerContext) {
        guard state == .open else { return }
        guard context.channel.isWritable else {
            owedPong = body
            return
        }
        write(OutgoingFrame(.pong, body.readableBytesView), nil)
    }

    /// 5.5.1: a close is answered with the same code; 7.1.1: then the server ends the TCP connection.
    private func answerClose(_ code: UInt16?, _ context: ChannelHandlerContext) {
        state = .closing
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: closingTime) { self.drop() }
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in self.drop() }
        write(OutgoingFrame(.connectionClose, code.map(Self.body) ?? []), sent)
        tellClosed()
    }
}
