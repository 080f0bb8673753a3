import Seeds
import Hex
import Synchronization
import Testing
import USB

@testable import Lab

/// A card that answers everything with its own command and 9000.
private final class MirrorCard: VirtualCard {
    let resets = Mutex(0)
    func reset() -> [UInt8]? {
        resets.withLock { $0 += 1 }
        return [0x3B, 0x00]
    }
    func process(_ command: [UInt8]) -> [UInt8]? { command + [0x90, 0x00] }
    func powerOff() {}
}

private final class MuteCard: VirtualCard {
    let answersReset: Bool
    init(answersReset: Bool) { self.answersReset = answersReset }
    func reset() -> [UInt8]? { answersReset ? [0x3B, 0x00] : nil }
    func process(_ command: [UInt8]) -> [UInt8]? { nil }
    func powerOff() {}
}

@Suite("Virtual CCID reader")
struct VirtualCCIDReaderTests {
    private func reader(_ change: (inout CCIDReaderProfile) -> Void = { _ in }) -> VirtualCCIDReader {
        var profile = CCIDReaderProfile()
        change(&profile)
        let reader = VirtualCCIDReader(profile)
        reader.attach { _ in }
        return reader
    }

    /// Sends one message and takes what is there to take.
    private func ask(_ reader: VirtualCCIDReader, _ hex: String) -> String {
        #expect(reader.out(0x01, [UInt8](hex: hex) ?? []) == .accepted)
        return take(reader)
    }

    private func take(_ reader: VirtualCCIDReader, _ endpoint: UInt8 = 0x82) -> String {
        switch reader.take(endpoint, length: 512) {
        case .data(let bytes): bytes.hex
        case .stall: "stall"
        case .pending: "pending"
        }
    }

    @Test("the descriptors are those of a CCID reader, 54 bytes of class descriptor among them")
    func descriptors() throws {
        for hasInterrupt in [true, false] {
            let virtual = reader {
                $0.hasInterruptEndpoint = hasInterrupt
                $0.slotCount = 3
            }
            let device = try USBDeviceDescriptor(parsing: virtual.deviceDescriptor + virtual.configurationDescriptor)
            #expect((device.vendorID, device.productID) == (0x08E6, 0x3438))
            let interface = try #require(device.configurations.first?.interfaces.first)
            #expect(interface.interfaceClass == 0x0B)
            #expect(interface.endpoints.map(\.address) == (hasInterrupt ? [0x01, 0x82, 0x83] : [0x01, 0x82]))
            #expect(interface.extra.count == 54)
            #expect(interface.extra.prefix(5).hex == "3621100102")
            #expect(interface.extra[40..<48].hex == "BA0402000F010000")
        }
    }

    @Test("power, status, block, parameters of an ordinary card")
    func ordinary() {
        let virtual = reader()
        #expect(ask(virtual, "65000000000001000000") == "81000000000001020001")
        virtual.insert(MirrorCard())
        #expect(take(virtual, 0x83) == "5003")
        #expect(ask(virtual, "65000000000002000000") == "81000000000002010001")
        #expect(ask(virtual, "62000000000003000000") == "800200000000030000003B00")
        #expect(ask(virtual, "6F04000000000400000000A40400") == "8006000000000400000000A404009000")
        #expect(ask(virtual, "6C000000000005000000") == "820500000000050000001100000A00")
        #expect(ask(virtual, "6107000000000601000011100045002000") == "8207000000000600000111100045002000")
        #expect(ask(virtual, "6D000000000007000000") == "820500000000070000001100000A00")
        #expect(ask(virtual, "63000000000008000000") == "81000000000008010001")
        virtual.remove()
        #expect(take(virtual, 0x83) == "5002")
        #expect(take(virtual, 0x83) == "pending")
        #expect(take(virtual) == "pending")
    }

    @Test(
        "every wrong command is answered with its error",
        arguments: [
            // no such slot; unknown message; Escape and Secure are not there
            ("65000000000101000000", "81000000000101420500"), ("99000000000001000000", "81000000000001400000"),
            ("6B00000000000100000000".dropLast(2).description, "83000000000001400000"),
            ("69000000000001000000", "80000000000001400000"),
            // bPowerSelect; dwLength of a command without data; too long; not what dwLength says
            ("62000000000001040000", "80000000000001400700"), ("62010000000001000000AA", "80000000000001400100"),
            ("6FFF000100000100000000", "80000000000001400100"), ("6F05000000000100000000A40400", "80000000000001400100"),
            ("6F03000000000100000000A40400", "80000000000001400100"),
            // block: level parameter at short APDU level; no APDU
            ("6F04000000000100010000A40400", "80000000000001400800"), ("6F03000000000100000000A404", "80000000000001400100"),
            ("6F000000000001000000", "80000000000001400100"),
            // parameters: protocol, length
            ("610500000000010200001100000A00", "82000000000001400700"), ("610500000000010100001100000A00", "82000000000001400100"),
        ])
    func errors(command: String, answer: String) {
        let virtual = reader()
        virtual.insert(MirrorCard())
        _ = ask(virtual, "62000000000000000000")
        #expect(ask(virtual, command) == answer)
        // And it goes on.
        #expect(ask(virtual, "65000000000002000000") == "81000000000002000000")
    }

    @Test("no card and a mute card are ICC_MUTE with their status")
    func mute() {
        let virtual = reader()
        #expect(ask(virtual, "62000000000001000000") == "8000000000000142FE00")
        #expect(ask(virtual, "6F04000000000200000000A40400") == "8000000000000242FE00")
        virtual.insert(MirrorCard())
        #expect(ask(virtual, "6F04000000000300000000A40400") == "8000000000000341FE00")
        virtual.insert(MuteCard(answersReset: false))
        #expect(ask(virtual, "62000000000004000000") == "8000000000000441FE00")
        virtual.insert(MuteCard(answersReset: true))
        #expect(ask(virtual, "62000000000005000000") == "800200000000050000003B00")
        #expect(ask(virtual, "6F04000000000600000000A40400") == "8000000000000640FE00")
    }

    @Test("extended APDU level: parts of commands and responses, and parts out of order")
    func extended() {
        let virtual = reader {
            $0.level = .extendedAPDU
            $0.maximumMessageLength = 16
        }
        virtual.insert(MirrorCard())
        _ = ask(virtual, "62000000000000000000")
        #expect(ask(virtual, "6F0600000000010001000102030405" + "06") == "80000000000001000010")
        #expect(ask(virtual, "6F0200000000020003000708") == "80000000000002000010")
        #expect(ask(virtual, "6F01000000000300020009") == "80060000000003000001010203040506")
        #expect(ask(virtual, "6F000000000004001000") == "80050000000004000002" + "0708099000")
        #expect(ask(virtual, "6F000000000005001000") == "80000000000005400800")
        #expect(ask(virtual, "6F01000000000600020009") == "80000000000006400800")
        #expect(ask(virtual, "6F01000000000700770009") == "80000000000007400800")
        #expect(ask(virtual, "6F040000000008000000" + "01020304") == "80060000000008000000010203049000")
    }

    @Test("a command may come in several transfers of whole packets; a short packet ends it")
    func transfers() {
        let virtual = reader()
        virtual.insert(MirrorCard())
        _ = ask(virtual, "62000000000000000000")
        let apdu = [UInt8](repeating: 0xA5, count: 100)
        let message: [UInt8] = [0x6F, 100, 0, 0, 0, 0, 1, 0, 0, 0] + apdu
        #expect(virtual.out(0x01, Array(message[0..<64])) == .accepted)
        #expect(take(virtual) == "pending")
        #expect(virtual.out(0x01, Array(message[64...])) == .accepted)
        #expect(take(virtual).hasSuffix(apdu.hex + "9000"))
        #expect(virtual.out(0x01, Array(message[0..<63])) == .accepted)
        #expect(take(virtual) == "80000000000001400100")
        #expect(virtual.out(0x01, [1, 2, 3]) == .accepted)
        #expect(take(virtual) == "pending")
        #expect(ask(virtual, "65000000000002000000") == "81000000000002000000")
    }

    @Test("abort: both halves are needed, in either order; until then the slot's other commands are aborted")
    func abort() {
        let virtual = reader()
        virtual.insert(MirrorCard())
        _ = ask(virtual, "62000000000000000000")
        let request = USBSetup(requestType: 0x21, request: 1, value: 0x0900, index: 0, length: 0)

        virtual.inject(.hold)
        #expect(ask(virtual, "6F04000000000900000000A40400") == "pending")
        #expect(ask(virtual, "65000000000001000000") == "81000000000001" + "40E000")
        #expect(virtual.control(request, data: []) == .accepted)
        #expect(ask(virtual, "65000000000002000000") == "81000000000002" + "40FF00")
        #expect(ask(virtual, "72000000000009000000") == "8000000000000940FF00")
        #expect(take(virtual) == "81000000000009000000")
        #expect(ask(virtual, "65000000000003000000") == "81000000000003000000")

        #expect(ask(virtual, "72000000000009000000") == "pending")
        #expect(virtual.control(request, data: []) == .accepted)
        #expect(take(virtual) == "81000000000009000000")
        #expect(virtual.control(USBSetup(requestType: 0xA1, request: 2, value: 0, index: 0, length: 4), data: []) == .stall)
    }

    @Test("slot changes carry two bits for every slot")
    func slots() {
        let virtual = reader { $0.slotCount = 5 }
        virtual.insert(MirrorCard(), slot: 4)
        #expect(take(virtual, 0x83) == "500003")
        virtual.insert(MirrorCard(), slot: 1)
        #expect(take(virtual, 0x83) == "500C01")
        // Another card: the first is pulled before.
        virtual.insert(MirrorCard(), slot: 1)
        #expect(take(virtual, 0x83) == "500801")
        #expect(take(virtual, 0x83) == "500C01")
        virtual.insert(MirrorCard(), slot: 5)
        #expect(take(virtual, 0x83) == "pending")
    }

    @Test("without power the reader forgets everything but its cards, and announces them when it is started")
    func power() {
        let virtual = reader()
        let card = MirrorCard()
        virtual.insert(card)
        #expect(virtual.out(0x01, [UInt8](hex: "62000000000000000000") ?? []) == .accepted)
        virtual.inject(.silent)
        virtual.detach()
        virtual.attach { _ in }
        #expect(take(virtual) == "pending")
        #expect(take(virtual, 0x83) == "5003")
        #expect(ask(virtual, "65000000000001000000") == "81000000000001010001")
    }

    @Test("an answer longer than the transfer goes on in the next")
    func longAnswer() {
        let virtual = reader()
        virtual.insert(MirrorCard())
        #expect(virtual.out(0x01, [UInt8](hex: "62000000000000000000") ?? []) == .accepted)
        #expect(virtual.take(0x82, length: 8) == .data([0x80, 2, 0, 0, 0, 0, 0, 0]))
        #expect(virtual.take(0x82, length: 8) == .data([0, 0, 0x3B, 0]))
    }

    @Test("random messages never trap, and the reader answers the next good one")
    func random() {
        var random = SeededRandom(seed: 6)
        for level in [CCIDReaderProfile.Level.shortAPDU, .extendedAPDU] {
            let virtual = reader { $0.level = level }
            virtual.insert(MirrorCard())
            for _ in 0..<20_000 {
                var bytes = (0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                if bytes.count >= 10, Bool.random(using: &random) {
                    bytes[0] = [0x61, 0x62, 0x63, 0x65, 0x6B, 0x6C, 0x6D, 0x6F, 0x72].randomElement(using: &random) ?? 0
                    bytes.replaceSubrange(1..<6, with: [UInt8(bytes.count - 10), 0, 0, 0, 0])
                }
                _ = virtual.out(0x01, bytes)
                _ = virtual.control(
                    USBSetup(requestType: 0x21, request: 1, value: .random(in: 0...0xFFFF, using: &random), index: 0, length: 0), data: [])
                for _ in 0..<4 { _ = virtual.take(0x82, length: 512) }
            }
            virtual.detach()
            virtual.attach { _ in }
            #expect(ask(virtual, "62000000000001000000") == "800200000000010000003B00")
        }
    }
}
