import Seeds
import Testing
import USB

@testable import Lab

@Suite("Frames of the socket bus")
struct BusFrameTests {
    static let info = USBDeviceInfo(
        path: USBBusPath("3-1.2"), descriptor: LoopbackDevice.descriptor, manufacturer: "Ж", product: "", serialNumber: nil, node: "n/1")

    static let frames: [BusFrame] =
        [
            .open(tag: 1, USBBusPath("3-1.2")), .cancel(tag: .max), .attached(info), .detached(USBBusPath("")),
            .opened(tag: 7, device: 8, info),
            .done(tag: 9, []), .done(tag: 9, [1, 2, 3]), .failed(tag: 10, USBError(.stall, "message", remedy: "remedy")),
            .failed(tag: 11, USBError(.timeout, "")), .notSent(tag: 12, USBError(.stall, "m")), .side([]), .side([0xFF, 0]),
        ]
        + [
            .claim(1), .release(255), .clearHalt(0x81), .reset, .close, .bulkOut(1, [4, 5], timeout: .milliseconds(5)),
            .exchange(USBExchange([6, 7], to: 1, within: .seconds(1), answerFrom: 0x82, length: 3, within: .nanoseconds(2))),
            .bulkIn(0x81, length: 1 << 20, timeout: .seconds(Int64.max)), .interruptIn(0x83, length: 0, timeout: nil),
            .control(
                USBSetup(requestType: 0xA1, request: 2, value: 0x0304, index: 0x0506, length: 0x0708), [9], timeout: .nanoseconds(1)),
        ].map { .call(tag: 0x0102_0304, device: 0xFFFF_FFFF, $0) }

    @Test("every frame reads as it was written, in whatever pieces it comes")
    func roundTrip() {
        let written = Self.frames.flatMap(\.bytes)
        for size in [1, 2, 3, 7, 64, written.count] {
            var decoder = BusFrameDecoder()
            var read: [BusFrame] = []
            for start in stride(from: 0, to: written.count, by: size) {
                decoder.append(written[start..<min(start + size, written.count)])
                while case .frame(let frame) = decoder.next() { read.append(frame) }
            }
            #expect(read.map { "\($0)" } == Self.frames.map { "\(Self.clamped($0))" })
        }
    }

    /// A time limit longer than 292 years comes as that.
    static func clamped(_ frame: BusFrame) -> BusFrame {
        if case .call(let tag, let device, .bulkIn(let endpoint, let length, _)) = frame {
            return .call(tag: tag, device: device, .bulkIn(endpoint, length: length, timeout: .nanoseconds(Int64.max)))
        }
        return frame
    }

    @Test("a frame cut short or too long is malformed, whatever its kind")
    func wrongLength() {
        for frame in Self.frames {
            let body = frame.bytes.dropFirst(4)
            for count in 0..<body.count {
                #expect(throws: BusFrameMalformed.self, "\(frame) of \(count) bytes") { try BusFrame(parsing: body.prefix(count)) }
            }
            #expect(throws: BusFrameMalformed.self) { try BusFrame(parsing: body + [0]) }
        }
    }

    @Test("no bytes trap the decoder")
    func random() {
        var random = SeededRandom(seed: 41)
        let kinds: [UInt8] = [1, 2, 3, 0x11, 0x12, 0x13, 0x14, 0x15, 0x20]
        for _ in 0..<20_000 {
            var bytes = Self.frames.randomElement(using: &random)?.bytes ?? []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            var decoder = BusFrameDecoder()
            decoder.append(bytes)
            while case .frame = decoder.next() {}
            let body = [kinds.randomElement(using: &random) ?? 0] + (0..<40).map { _ in UInt8.random(in: 0...12, using: &random) }
            _ = try? BusFrame(parsing: body[...])
        }
    }
}
