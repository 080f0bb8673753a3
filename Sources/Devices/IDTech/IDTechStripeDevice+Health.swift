import USB

extension IDTechStripeDevice: ExaminableDevice {
    /// Whether it enciphers, and with which key (SecureMag 80096504, pages 15, 16 and 23; functions 7E and 51). A reader that does not take these commands is
    /// no broken one: not all firmwares do.
    func health() async throws(DeviceError) -> DeviceHealth {
        guard let level = try await review(0x7E)?.first else { return DeviceHealth() }
        switch level {
        // All keys were used; no key was loaded.
        case UInt8(ascii: "0"): return DeviceHealth(keys: [.init(use: "tracks", isLoaded: true, transactionsLeft: 0)])
        case UInt8(ascii: "3"), UInt8(ascii: "4"):
            guard let serial = try await review(0x51), serial.count == 10 else {
                return DeviceHealth(keys: [.init(use: "tracks", isLoaded: true)])
            }
            return DeviceHealth(keys: [.init(use: "tracks", dukpt: serial)])
        // Tracks go in clear, whatever key there is.
        default: return DeviceHealth(keys: [.init(use: "tracks", isLoaded: false)])
        }
    }

    /// One setting's data; `nil` when the reader does not know the command. The command goes in one feature report; the manual does not say how an answer is
    /// parted that is longer than one, so what comes is put together until it is whole.
    private func review(_ function: UInt8) async throws(DeviceError) -> [UInt8]? {
        let length = max(hid.reports.report(.feature)?.byteCount ?? 0, 8)
        var bytes: [UInt8] = []
        do throws(USBError) {
            try await hid.setReport(.feature, id: 0, IDTechReview.command(function, length: length))
            parts: for _ in 0..<IDTechReview.mostParts {
                bytes += try await hid.getReport(.feature, id: 0, length: length)
                switch IDTechReview.read(bytes, function) {
                case .needMore: continue
                case .data(let data): return data
                case .refused: return nil
                case .malformed: break parts
                }
            }
        } catch {
            if error.code == .stall { return nil }
            throw DeviceError(error)
        }
        throw DeviceError(.protocolViolation, "the reader's answer makes no sense")
    }
}

/// ID TECH's command for a setting: `02 52 function 03 LRC`, answered by `06 02 function length data 03 LRC` or `15` (SecureMag 80096504, pages 15 and 16).
enum IDTechReview {
    enum Reading: Sendable, Hashable {
        case needMore
        case data([UInt8])
        case refused
        case malformed
    }

    /// Of the longest answer, with reports of eight bytes.
    static let mostParts = 8

    static func command(_ function: UInt8, length: Int) -> [UInt8] {
        let head: [UInt8] = [0x02, 0x52, function, 0x03]
        return head + [head.reduce(0, ^)] + Array(repeating: 0, count: max(0, length - 5))
    }

    /// The LRC is that of everything between the acknowledgement and it.
    static func read(_ bytes: [UInt8], _ function: UInt8) -> Reading {
        guard let first = bytes.first else { return .needMore }
        guard first == 0x06 else { return first == 0x15 ? .refused : .malformed }
        guard bytes.count >= 4 else { return .needMore }
        guard bytes[1] == 0x02, bytes[2] == function else { return .malformed }
        let end = 4 + Int(bytes[3])
        guard bytes.count >= end + 2 else { return .needMore }
        guard bytes[end] == 0x03, bytes[end + 1] == bytes[1...end].reduce(0, ^) else { return .malformed }
        return .data(Array(bytes[4..<end]))
    }
}
