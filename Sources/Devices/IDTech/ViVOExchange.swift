/// One command to a ViVOtech2 reader and its answer.
struct ViVOExchange: HIDExchange {
    private enum Phase: Sendable, Hashable { case writing, waiting, stopping, over }

    private let command: ViVOFrame
    private let limit: Duration
    private var phase = Phase.writing
    private var assembler = ViVOReports.Assembler()
    private var malformed = 0
    private var outcome: DeviceError?

    /// Cancel Transaction (05-01); its response must come before anything else is sent.
    static let cancelTransaction = ViVOFrame(command: 0x05, second: 0x01, data: [])
    private static let stopLimit: Duration = .seconds(2)
    /// Reports that make no sense before the reader is given up.
    private static let toleratedReports = 16

    init(_ command: ViVOFrame, limit: Duration) {
        self.command = command
        self.limit = limit
    }

    mutating func on(_ event: HIDExchangeEvent) -> HIDExchangeAction<ViVOFrame> {
        switch (phase, event) {
        case (.over, _): return .finish(.failure(outcome ?? DeviceError(.protocolViolation, "the exchange is over")))
        case (.writing, .start): return .write(Self.reports(command))
        case (.writing, .written):
            phase = .waiting
            return .wait(limit)
        case (.stopping, .written): return .wait(Self.stopLimit)
        case (.waiting, .received(let report)): return received(report)
        case (.stopping, .received(let report)):
            malformed += 1
            // The transaction's own end may come before the answer to its cancelling.
            if malformed < Self.toleratedReports {
                guard case .frame(let frame) = assembler.on(report), frame.command == Self.cancelTransaction.command else {
                    return .wait(Self.stopLimit)
                }
            }
            return finish(.failure(outcome ?? DeviceError(.cancelled, "the command was cancelled")))
        case (.waiting, .expired): return stop(DeviceError(.timeout, "the reader does not answer"))
        case (.waiting, .cancelled), (.writing, .cancelled): return stop(DeviceError(.cancelled, "the command was cancelled"))
        case (.waiting, .stalled): return received([])
        case (.stopping, _), (.writing, _), (.waiting, _):
            return finish(.failure(outcome ?? DeviceError(.refused, "the reader does not take the command")))
        }
    }

    private mutating func received(_ report: [UInt8]) -> HIDExchangeAction<ViVOFrame> {
        switch assembler.on(report) {
        case .needMore: return .wait(limit)
        case .malformed:
            malformed += 1
            guard malformed < Self.toleratedReports else {
                return finish(.failure(DeviceError(.protocolViolation, "the reader sends no frames")))
            }
            return .wait(limit)
        // Burst frames of the user interface, and answers to what was asked before, are not the answer.
        case .frame(let frame) where frame.command != command.command || frame.second == ViVOStatus.userInterfaceEvent: return .wait(limit)
        case .frame(let frame): return finish(.success(frame))
        }
    }

    /// A transaction goes on in the reader until it is told to stop; other commands end by themselves.
    private mutating func stop(_ error: DeviceError) -> HIDExchangeAction<ViVOFrame> {
        guard command.command == 0x02 else { return finish(.failure(error)) }
        outcome = error
        phase = .stopping
        malformed = 0
        assembler = ViVOReports.Assembler()
        return .write(Self.reports(Self.cancelTransaction))
    }

    private mutating func finish(_ result: Result<ViVOFrame, DeviceError>) -> HIDExchangeAction<ViVOFrame> {
        phase = .over
        return .finish(result)
    }

    private static func reports(_ frame: ViVOFrame) -> [HIDReportBytes] {
        ViVOReports.split(frame.encodedCommand).map { HIDReportBytes(kind: .output, id: $0[0], bytes: $0) }
    }
}
