extension HIDPINPad: ExaminableDevice where Exchange == SmartPINExchange {
    /// Firmware, and whether the PIN key is there (ID TECH 80114510-001, pages 15 and 17). Its serial number is told with a PIN only.
    func health() async throws(DeviceError) -> DeviceHealth {
        await turns.take()
        defer { turns.pass() }
        let firmware = try await hid.carryOut(SmartPINQuery.firmware)
        let keys = try await hid.carryOut(SmartPINQuery.keys)
        return DeviceHealth(firmware: String(decoding: firmware.prefix { $0 != 0 }, as: UTF8.self), keys: [try SmartPINQuery.pinKey(keys)])
    }
}

/// A question that the pad answers at once: `06` and data, or `15` and an error code.
struct SmartPINQuery: HIDExchange {
    private let command: [UInt8]
    private var frames = SmartPINFrames()
    private var isCancelled = false
    private var unexpected = 0

    static let firmware = SmartPINQuery([0x78, 0x46, 0x01])
    static let keys = SmartPINQuery([0x78, 0x46, 0x25])
    private static let limit: Duration = .seconds(2)
    private static let toleratedReports = 16

    private init(_ command: [UInt8]) { self.command = command }

    mutating func on(_ event: HIDExchangeEvent) -> HIDExchangeAction<[UInt8]> {
        switch event {
        case .start: return .write(SmartPINFrames.reports(command))
        case .written: return .wait(Self.limit)
        case .received(let report): return received(report)
        // The answer is fetched all the same: left behind it would be taken for that of the next command.
        case .cancelled:
            isCancelled = true
            return .wait(Self.limit)
        case .expired: return finish(.failure(DeviceError(.timeout, "the PIN pad does not answer")))
        case .stalled, .answered: return finish(.failure(DeviceError(.refused, "the PIN pad does not take the command")))
        }
    }

    private mutating func received(_ report: [UInt8]) -> HIDExchangeAction<[UInt8]> {
        unexpected += 1
        switch frames.on(report) {
        case .some(let body) where body.first == 0x06: return finish(.success(Array(body.dropFirst())))
        case .some(let body) where body.first == 0x15:
            return finish(.failure(DeviceError(.refused, "the PIN pad refuses the command")))
        default:
            return unexpected < Self.toleratedReports
                ? .wait(Self.limit) : finish(.failure(DeviceError(.protocolViolation, "the PIN pad sends no answer")))
        }
    }

    private func finish(_ result: Result<[UInt8], DeviceError>) -> HIDExchangeAction<[UInt8]> {
        .finish(isCancelled ? .failure(DeviceError(.cancelled, "the question was cancelled")) : result)
    }

    /// Two bytes with the number of blocks, then four a block: name (01 is the PIN key), slot, and 0 for not there, 1 for there, FF for used up.
    static func pinKey(_ data: [UInt8]) throws(DeviceError) -> DeviceHealth.Key {
        guard data.count >= 2, data.count - 2 >= (Int(data[0]) | Int(data[1]) << 8) * 4 else {
            throw DeviceError(.protocolViolation, "the PIN pad's list of keys is cut off")
        }
        let count = Int(data[0]) | Int(data[1]) << 8
        let states = (0..<count).filter { data[2 + $0 * 4] == 0x01 }.map { data[5 + $0 * 4] }
        if states.contains(1) { return .init(use: "PIN", isLoaded: true) }
        return states.contains(0xFF)
            ? .init(use: "PIN", isLoaded: true, transactionsLeft: 0) : .init(use: "PIN", isLoaded: false)
    }
}
