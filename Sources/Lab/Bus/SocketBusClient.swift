import Glibc
import Synchronization
import USB

/// A bus served by the lab over a Unix domain socket: the terminal's end. When the lab goes, its devices are detached and everything under
/// way ends with `.noDevice`; it does not connect again.
public final class SocketBusClient: USBBus {
    typealias Answer = Result<BusFrame, USBError>

    private struct State {
        var waiting: [UInt32: CheckedContinuation<Answer, Never>] = [:]
        var nextTag: UInt32 = 1
        /// Why nothing goes any more.
        var ended: USBError?
    }

    private let connection: BusConnection
    private let shared = Shared()
    let executor: SocketBusExecutor
    private let tasks: DedicatedThread

    /// Shared with the connection's thread.
    private final class Shared: Sendable {
        let presence = USBPresence()
        let side = Broadcast<[UInt8]>(keeping: 256)
        let state = Mutex(State())

        func received(_ frame: BusFrame, _ connection: BusConnection) {
            switch frame {
            case .attached(let info): presence.attached(info)
            case .detached(let path): presence.detached(path)
            case .opened(let tag, _, _), .done(let tag, _): answer(tag, .success(frame))
            case .notSent(let tag, _): answer(tag, .success(frame))
            case .failed(let tag, let error): answer(tag, .failure(error))
            case .side(let message): side.say(message)
            case .open, .call, .cancel:
                // Only the terminal says these.
                connection.close()
            }
        }

        private func answer(_ tag: UInt32, _ answer: Answer) {
            state.withLock { $0.waiting.removeValue(forKey: tag) }?.resume(returning: answer)
        }

        func end(_ error: USBError) {
            let waiting = state.withLock { state in
                if state.ended == nil { state.ended = error }
                defer { state.waiting = [:] }
                return state.waiting
            }
            for continuation in waiting.values { continuation.resume(returning: .failure(error)) }
        }
    }

    /// Connects to the lab's socket at `path`. Throws `.unavailable`.
    public init(connectingTo path: String) throws(USBError) {
        let descriptor = try BusSocket.make()
        do throws(USBError) {
            guard try BusSocket.with(path, { connect(descriptor, $0, $1) }) == 0 else { throw BusSocket.failed("connect \(path)") }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        connection = try BusConnection(descriptor)
        let executor = SocketBusExecutor()
        tasks = try DedicatedThread("lab-tasks") { executor.run() }
        self.executor = executor
        try connection.start(
            "lab-bus",
            onFrame: { [shared, connection] frame in shared.received(frame, connection) },
            onEnd: { [shared] malformed in
                let reason = malformed.map { "sent something malformed (\($0))" } ?? "is gone"
                shared.end(USBError(.noDevice, "The lab that served the device \(reason)."))
                shared.presence.scanned([])
                shared.side.finish()
            })
    }

    // MARK: The bus

    public func events() async throws(USBError) -> AsyncStream<USBBusEvent> {
        guard let stream = shared.presence.events() else { throw .busClosed }
        return stream
    }

    public func open(_ path: USBBusPath) async throws(USBError) -> any USBDevice {
        guard case .opened(_, let number, let info) = try await request({ .open(tag: $0, path) }) else { throw Self.unexpected }
        return SocketUSBDevice(info: info, number: number, bus: self)
    }

    public func close() async {
        shared.end(.busClosed)
        // First the streams: closing the bus detaches nothing.
        shared.presence.finish()
        connection.close()
        await connection.ended()
        executor.end()
        await tasks.ended()
    }

    deinit { executor.end() }

    /// The devices present now.
    public var devices: [USBDeviceInfo] { shared.presence.devices }

    // MARK: Side messages

    public func sendSide(_ bytes: [UInt8]) { connection.send(.side(bytes)) }

    /// The lab's side messages; the stream ends when the lab goes. Those that came before the first call are kept for it (up to 256).
    public func sideMessages() -> AsyncStream<[UInt8]> { shared.side.listen() }

    // MARK: -

    func call(_ call: BusCall, _ device: UInt32) async throws(USBError) -> [UInt8] {
        guard case .done(_, let data) = try await request({ .call(tag: $0, device: device, call) }) else { throw Self.unexpected }
        return data
    }

    func exchange(_ exchange: USBExchange, _ device: UInt32) async -> USBExchange.Outcome {
        do throws(USBError) {
            switch try await request({ .call(tag: $0, device: device, .exchange(exchange)) }) {
            case .done(_, let data): return .answered(data)
            case .notSent(_, let error): return .notSent(error)
            default: throw Self.unexpected
            }
        } catch { return .notAnswered(error) }
    }

    /// Sends a request and waits for its answer, which comes in every case: cancelling asks the lab to end it early.
    private func request(_ frame: (UInt32) -> BusFrame) async throws(USBError) -> BusFrame {
        let tag = shared.state.withLock { state in
            defer { state.nextTag &+= 1 }
            return state.nextTag
        }
        let request = frame(tag)
        let answer: Answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let refusal = shared.state.withLock { state in
                    if state.ended == nil { state.waiting[tag] = continuation }
                    return state.ended
                }
                if let refusal { return continuation.resume(returning: .failure(refusal)) }
                connection.send(request)
                // The handler may have run before there was anything to cancel.
                if Task.isCancelled { connection.send(.cancel(tag: tag)) }
            }
        } onCancel: {
            connection.send(.cancel(tag: tag))
        }
        return try answer.get()
    }

    private static let unexpected = USBError(.io, "The lab answered something else than was asked.")
}
