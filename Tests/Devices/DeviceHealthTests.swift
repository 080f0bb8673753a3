import Testing
import USB

@testable import Devices
@testable import Lab

@Suite("What devices say of their keys", .timeLimit(.minutes(1)))
struct DeviceHealthTests {
    private func health(_ virtual: any VirtualUSBDevice, _ driver: some DeviceDriver) async throws -> DeviceHealth {
        let bus = MemoryBus()
        let device = try await driver.open(try bus.plug(virtual, at: Bench.port), on: bus)
        let health = try await #require(device as? any ExaminableDevice).health()
        await device.close()
        await bus.close()
        return health
    }

    @Test("a TDES DUKPT key serves 1,048,575 transactions and says how many are left (ANSI X9.24-1)")
    func left() {
        func left(_ counter: [UInt8]) -> Int? {
            DeviceHealth.Key(use: "PIN", dukpt: [0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10] + counter).transactionsLeft
        }
        #expect(left([0xE0, 0x00, 0x00]) == 1_048_575)
        #expect(left([0xE0, 0x00, 0x01]) == 1_048_574)
        // Ten one bits at the top are the last that is used.
        #expect(left([0xFF, 0xF8, 0x00]) == 0)
        #expect(left([0xFF, 0xF0, 0x00]) == 12)
        #expect(left([0xFF, 0xFF, 0xFF]) == 0)
        #expect(DeviceHealth.Key(use: "PIN", dukpt: [1, 2]).transactionsLeft == nil)
    }

    @Test("a MagneSafe tells firmware, key and what is left of it; below security level 3 it enciphers nothing")
    func magneSafe() async throws {
        let virtual = VirtualStripeReader(.magneSafe)
        let fresh = try await health(virtual, MagTekStripeDriver())
        #expect(fresh.firmware == "LAB0000D01A")
        #expect(fresh.keys.map(\.transactionsLeft) == [1_048_574])
        virtual.change { $0.encryptionsLeft = [0, 0, 7] }
        #expect(try await health(virtual, MagTekStripeDriver()).keys.map(\.transactionsLeft) == [7])
        virtual.change { $0.level = 2 }
        #expect(try await health(virtual, MagTekStripeDriver()).keys.map(\.isLoaded) == [false])
        #expect(try await health(VirtualStripeReader(.sureSwipe), MagTekStripeDriver()).keys.isEmpty)
    }

    @Test("a DynaPro tells its keys, and that it was tampered with")
    func dynaPro() async throws {
        let virtual = VirtualDynaPro { _, _ in nil }
        let fresh = try await health(virtual, MagTekPINPadDriver())
        #expect(fresh.selfTest == .passed)
        #expect(fresh.keys.map(\.isLoaded) == [true, false])
        #expect(fresh.keys.first?.transactionsLeft == 1_048_574)
        virtual.change { $0.isTampered = true }
        guard case .failed = try await health(virtual, MagTekPINPadDriver()).selfTest else {
            return #expect(Bool(false), "a tampered pad passes")
        }
    }

    @Test("a NEO reader tells its firmware")
    func neo() async throws { #expect(try await health(VirtualContactlessReader(), ViVODriver()).firmware == "LAB NEO 1.0") }

    @Test("a SecureMag tells its key; below level 3 it enciphers nothing, at 0 its keys are used up; without these commands it is well")
    func secureMag() async throws {
        let serial: [UInt8] = [0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0x00, 0x01]
        let virtual = VirtualSecureMag(.enhanced, keySerialNumber: serial)
        let keys = try await health(virtual, IDTechStripeDriver()).keys
        #expect(keys.map(\.keySerialNumber) == [serial])
        #expect(keys.map(\.transactionsLeft) == [1_048_574])
        #expect(try await health(VirtualSecureMag(.clear), IDTechStripeDriver()).keys.map(\.isLoaded) == [false])
        virtual.change { $0.level = 0 }
        #expect(try await health(virtual, IDTechStripeDriver()).keys.map(\.transactionsLeft) == [0])
        virtual.change { $0.level = nil }
        #expect(try await health(virtual, IDTechStripeDriver()).keys.isEmpty)
    }

    @Test("an answer of a SecureMag is whole, refused, malformed or cut off, whatever the bytes")
    func review() {
        // The knowledge base's example: function D3, one byte 00.
        let answer: [UInt8] = [0x06, 0x02, 0xD3, 0x01, 0x00, 0x03, 0xD3]
        #expect(IDTechReview.read(answer + [0, 0], 0xD3) == .data([0]))
        #expect(IDTechReview.command(0x7E, length: 8) == [0x02, 0x52, 0x7E, 0x03, 0x2D, 0, 0, 0])
        for count in answer.indices { #expect(IDTechReview.read(Array(answer.prefix(count)), 0xD3) == .needMore) }
        #expect(IDTechReview.read([0x15], 0xD3) == .refused)
        #expect(IDTechReview.read(answer, 0x7E) == .malformed)
        for index in answer.indices where index != 3 {
            var broken = answer
            broken[index] ^= 0x40
            #expect(IDTechReview.read(broken, 0xD3) == .malformed, "byte \(index)")
        }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = IDTechReview.read([0x06, 0x02, 0x51] + bytes, 0x51)
        }
    }

    @Test("a SmartPIN tells its firmware, and whether its PIN key is there, used up or missing")
    func smartPIN() async throws {
        let virtual = VirtualSmartPIN { _, _ in nil }
        let fresh = try await health(virtual, SmartPINDriver())
        #expect(fresh.firmware == "LAB SmartPIN K100 V1.00")
        #expect(fresh.keys == [.init(use: "PIN", isLoaded: true)])
        virtual.change { $0.keyStatus = 0xFF }
        #expect(try await health(virtual, SmartPINDriver()).keys == [.init(use: "PIN", isLoaded: true, transactionsLeft: 0)])
        virtual.change { $0.keyStatus = 0 }
        #expect(try await health(virtual, SmartPINDriver()).keys == [.init(use: "PIN", isLoaded: false)])
        virtual.inject(.stall)
        #expect(await errorCode { () throws(DeviceError) in _ = try await openHealth(virtual) } == .refused)
    }

    private func openHealth(_ virtual: VirtualSmartPIN) async throws(DeviceError) -> DeviceHealth {
        do { return try await health(virtual, SmartPINDriver()) } catch let error as DeviceError { throw error } catch {
            throw DeviceError(.unsupported, "\(error)")
        }
    }

    @Test("a SmartPIN's list of keys that is cut off is no list")
    func keyList() throws {
        #expect(throws: DeviceError.self) { try SmartPINQuery.pinKey([2, 0, 0x01, 0, 0, 1]) }
        #expect(throws: DeviceError.self) { try SmartPINQuery.pinKey([1]) }
        #expect(try !SmartPINQuery.pinKey([0, 0]).isLoaded)
        // A slot of 1000 is no status.
        #expect(try SmartPINQuery.pinKey([2, 0, 0x01, 0xE8, 0x03, 0, 0x01, 0, 0, 1]).isLoaded)
    }
}
