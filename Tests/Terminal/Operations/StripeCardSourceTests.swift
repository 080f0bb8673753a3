import Devices
import Keys
import Testing
import USB

@testable import Terminal

@Suite("ReadCard from a stripe reader")
struct StripeCardSourceTests {
    @Test("without a reader nothing can be read; with one a swipe is")
    func swipe() async throws {
        let source = StripeCardSource(clock: VirtualClock())
        #expect(source.entryModes.isEmpty)
        let reader = OneSwipe(track2: ";9876543210123456=29121010000?")
        source.set(reader)
        #expect(source.entryModes == ["swipe"])
        let read = try await source.readAccount(entryModes: nil, seconds: 9)
        #expect(read?.account == PAN("9876543210123456"))
        #expect(read?.entryMode == "Swiped")
        await #expect(throws: DeviceError.self) { try await source.readAccount(entryModes: ["chip"], seconds: 9) }
    }

    @Test("a broken stripe cannot be read, and one that the reader encrypts is not told")
    func unreadable() async throws {
        let source = StripeCardSource(clock: VirtualClock())
        source.set(OneSwipe(track2: ";98765"))
        await #expect(throws: DeviceError.self) { try await source.readAccount(entryModes: nil, seconds: 9) }
        source.set(OneSwipe(track2: nil, isEncrypted: true))
        await #expect(throws: DeviceError.self) { try await source.readAccount(entryModes: nil, seconds: 9) }
    }

    @Test("nobody swipes: nothing, at the time limit")
    func timeout() async throws {
        let clock = VirtualClock()
        let source = StripeCardSource(clock: clock)
        source.set(OneSwipe(track2: nil))
        async let read = source.readAccount(entryModes: nil, seconds: 9)
        await clock.sleeper(after: .seconds(9))
        clock.advance(by: .seconds(9))
        let nothing = try await read
        #expect(nothing == nil)
    }
}

private struct OneSwipe: StripeReader {
    let device = DeviceDescription(
        kind: .stripe, model: "S", serialNumber: nil, vendorID: 1, productID: 2, path: USBBusPath("1-1"), driver: "test", state: .ready)
    var track2: String?
    var isEncrypted = false

    func swipes() -> AsyncStream<StripeRead> {
        let (stream, continuation) = AsyncStream.makeStream(of: StripeRead.self)
        if let track2 { continuation.yield(StripeRead(track2: SecretBytes(track2.utf8))) }
        if isEncrypted {
            continuation.yield(
                StripeRead(encrypted: .init(scheme: "X", keySerialNumber: [1], track1: [], track2: [1], track3: [], maskedTrack2: nil)))
        }
        return stream
    }
}
