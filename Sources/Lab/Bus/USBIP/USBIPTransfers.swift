import USB

/// The rules of a connection's second phase: what is under way, and what an UNLINK that meets an end gets to hear. No threads, no sockets.
struct USBIPTransfers: Sendable {
    enum Event: Sendable {
        case submit(USBIPSubmit)
        case unlink(sequence: UInt32, target: UInt32)
        /// The port has ended a request.
        case completed(UInt32, Result<[UInt8], USBError>)
    }

    enum Action: Sendable, Hashable {
        case submit(UInt32, VirtualPort.Request)
        case cancel(UInt32)
        case send([UInt8])
        /// The connection ends; with what the importer did wrong, if that is why.
        case end(String?)
    }

    /// Error numbers of Linux as URBs carry them (Linux, Documentation/driver-api/usb/error-codes.rst).
    private enum Errno: Int32 {
        case noEntry = -2
        case io = -5
        case stall = -32
        case protocolError = -71
        case overflow = -75
        case connectionReset = -104
        case short = -121
    }

    private struct Underway {
        let submit: USBIPSubmit
        /// Number of the UNLINK that gave it up.
        var unlink: UInt32?
    }

    private var underway: [UInt32: Underway] = [:]

    /// Numbers of what is under way, for the end of the connection.
    var sequences: [UInt32] { Array(underway.keys) }

    mutating func on(_ event: Event) -> [Action] {
        switch event {
        case .submit(let submit): begin(submit)
        case .unlink(let sequence, let target): unlink(sequence, target)
        case .completed(let sequence, let result): completed(sequence, result)
        }
    }

    private mutating func begin(_ submit: USBIPSubmit) -> [Action] {
        guard underway[submit.sequence] == nil else { return [.end("number \(submit.sequence) twice")] }
        guard let request = Self.request(submit) else { return [.end("a control request whose length contradicts its SETUP packet")] }
        underway[submit.sequence] = Underway(submit: submit)
        return [.submit(submit.sequence, request)]
    }

    private mutating func unlink(_ sequence: UInt32, _ target: UInt32) -> [Action] {
        // Answered already: the importer has, or will have, the answer before this one.
        guard underway[target] != nil else { return [.send(USBIPReply.unlinked(sequence, status: 0))] }
        underway[target]?.unlink = sequence
        return [.cancel(target)]
    }

    private mutating func completed(_ sequence: UInt32, _ result: Result<[UInt8], USBError>) -> [Action] {
        guard let request = underway.removeValue(forKey: sequence) else { return [] }
        if case .failure(let error) = result {
            switch error.code {
            // A cable that is pulled says nothing.
            case .noDevice, .closed: return [.end(nil)]
            case .cancelled:
                if let unlink = request.unlink {
                    return [.send(USBIPReply.unlinked(unlink, status: Errno.connectionReset.rawValue))]
                }
            default: break
            }
        }
        // It ended by itself before it could be given up: both answers, in this order.
        return [.send(Self.answer(request.submit, result))] + (request.unlink.map { [.send(USBIPReply.unlinked($0, status: 0))] } ?? [])
    }

    private static func request(_ submit: USBIPSubmit) -> VirtualPort.Request? {
        guard submit.endpoint == 0 else {
            return submit.isIn
                ? .in(submit.endpoint | 0x80, length: submit.length) : .out(submit.endpoint, submit.data)
        }
        let bytes = submit.setup
        guard bytes.count == 8 else { return nil }
        func number(_ index: Int) -> UInt16 { UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8 }
        let setup = USBSetup(requestType: bytes[0], request: bytes[1], value: number(2), index: number(4), length: number(6))
        // The direction of a request without data stage is the importer's to choose.
        guard setup.length == 0 || setup.isIn == submit.isIn, submit.isIn || submit.data.count == Int(setup.length) else { return nil }
        return .control(setup, data: submit.data)
    }

    private static func answer(_ submit: USBIPSubmit, _ result: Result<[UInt8], USBError>) -> [UInt8] {
        switch result {
        case .success(let data) where submit.isIn:
            let received = Array(data.prefix(submit.length))
            let isRefused = submit.isShortRefused && received.count < submit.length
            return USBIPReply.submitted(
                submit.sequence, status: isRefused ? Errno.short.rawValue : 0, length: received.count, data: received)
        case .success: return USBIPReply.submitted(submit.sequence, status: 0, length: submit.length)
        case .failure(let error):
            let status: Errno =
                switch error.code {
                case .stall: .stall
                case .overflow: .overflow
                case .notFound: .noEntry
                case .cancelled: .connectionReset
                case .timeout: .protocolError
                default: .io
                }
            return USBIPReply.submitted(submit.sequence, status: status.rawValue, length: 0)
        }
    }
}
