import ISO8583
import NIOCore

/// One terminal's connection: cuts the stream into messages, has each answered, and sends answers when their time has come. Lives on its event loop.
final class HostConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let desk: HostDesk
    private var frames: FrameDecoder
    /// Answers that wait for their time.
    private var delayed: [Int: Scheduled<Void>] = [:]
    private var answerCount = 0

    init(desk: HostDesk, header: LengthHeader) {
        self.desk = desk
        frames = FrameDecoder(header: header)
    }

    func channelActive(context: ChannelHandlerContext) {
        guard desk.opened(context.channel) else {
            context.close(promise: nil)
            return
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        // An answer whose connection is gone is lost, as at a real host.
        for task in delayed.values { task.cancel() }
        delayed = [:]
        desk.closed(context.channel)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        frames.append(unwrapInboundIn(data).readableBytesView)
        while context.channel.isActive {
            switch frames.next() {
            case .needMore: return
            case .malformed(let reason):
                desk.note("connection closed: \(reason)")
                context.close(promise: nil)
                return
            case .frame(let bytes):
                for action in desk.received(bytes) { carryOut(action, context) }
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        desk.note("connection closed: \(error)")
        context.close(promise: nil)
    }

    private func carryOut(_ action: HostMachine.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .send(let bytes, let delay, let answer) where delay > 0:
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            answerCount += 1
            delayed[answerCount] = context.eventLoop.scheduleTask(in: .milliseconds(delay)) { [answerCount] in
                let (connection, context) = bound.value
                connection.delayed[answerCount] = nil
                connection.send(bytes, answer, context)
            }
        case .send(let bytes, _, let answer): send(bytes, answer, context)
        case .close: context.close(promise: nil)
        case .record, .keepKeys, .note: break
        }
    }

    private func send(_ bytes: [UInt8], _ answer: Message?, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        if let answer, !desk.recordSent(answer) {
            context.close(promise: nil)
            return
        }
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }
}
