import Seeds
import Hex
import Testing

@testable import Devices

/// MagTek D99875191, page 16.
let sureSwipeDescriptor =
    "0600FF0901A1011500 26FF00 7508 0920 0921 0922 0928 0929 092A 0938 9507 8102 0930 956E 820201 0931 956E 820201 0932 956E 820201 0920 9518 B20201 C0"

func hex(_ text: String) -> [UInt8] { [UInt8](hex: text.filter { $0 != " " && $0 != "\n" }) ?? [] }

@Suite("HID report descriptors (HID 1.11, 6.2.2)")
struct HIDReportDescriptorTests {
    @Test("SureSwipe's: 337 bytes of input, 24 of feature, fields by usage")
    func sureSwipe() throws {
        let descriptor = try HIDReportDescriptor(parsing: hex(sureSwipeDescriptor))
        #expect(descriptor.usagePage == 0xFF00)
        #expect(descriptor.usage == 1)
        #expect(!descriptor.hasReportIDs)
        let input = try #require(descriptor.report(.input))
        #expect(input.byteCount == 337)
        #expect(input.bytes(page: 0xFF00, usage: 0x20) == 0..<1)
        #expect(input.bytes(page: 0xFF00, usage: 0x2A) == 5..<6)
        #expect(input.bytes(page: 0xFF00, usage: 0x30) == 7..<117)
        #expect(input.bytes(page: 0xFF00, usage: 0x32) == 227..<337)
        #expect(input.bytes(page: 0xFF00, usage: 0x4A) == nil)
        #expect(input.bytes(page: 0x0001, usage: 0x30) == nil)
        #expect(descriptor.report(.feature)?.byteCount == 24)
        #expect(descriptor.longest(.input) == 337)
        #expect(descriptor.longest(.output) == 0)
    }

    @Test("numbered reports: each has its own length, and the wire has the number in front")
    func numbered() throws {
        let start = "0620FF 0901 A101 7508 1500 26FF00 8501 0901 9504 B20201 8502 0902 9501 B20201 8524 0924 9513 820201 C0"
        let descriptor = try HIDReportDescriptor(parsing: hex(start))
        #expect(descriptor.hasReportIDs)
        #expect(descriptor.report(.feature, id: 1)?.byteCount == 4)
        #expect(descriptor.report(.feature, id: 2)?.byteCount == 1)
        #expect(descriptor.report(.input, id: 0x24)?.byteCount == 19)
        #expect(descriptor.longest(.input) == 20)
        #expect(descriptor.report(.input) == nil)
    }

    @Test("push and pop, usage ranges, long items, bits and padding")
    func items() throws {
        let descriptor = try HIDReportDescriptor(
            parsing: hex("0601FF A101 7501 9508 1901 2908 8102 A4 7508 9502 0920 8102 B4 FE02AABBCC 8101 7503 9501 8101 C0"))
        let input = try #require(descriptor.report(.input))
        #expect(input.fields.map(\.bitOffset) == [0, 8, 24, 32])
        #expect(input.fields[0].usages == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(input.bytes(page: 0xFF01, usage: 0x20) == 1..<3)
        // Bits are no bytes.
        #expect(input.bytes(page: 0xFF01, usage: 2) == nil)
        #expect(input.byteCount == 5)
    }

    @Test(
        "what makes no sense is refused",
        arguments: ["05", "C0", "A101", "B4", "8500", "FE05", "2605", "2908", "A101 7620FF 96FFFF 8102 C0", "1905 2903"])
    func malformed(descriptor: String) {
        #expect(throws: DeviceError.self) { try HIDReportDescriptor(parsing: hex(descriptor)) }
    }

    @Test("random, truncated and mutated descriptors never trap")
    func random() {
        var random = SeededRandom(seed: 1_11)
        let real = hex(sureSwipeDescriptor)
        for round in 0..<20_000 {
            var bytes =
                round.isMultiple(of: 2)
                ? real : (0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            guard let descriptor = try? HIDReportDescriptor(parsing: bytes) else { continue }
            for report in descriptor.reports { for usage in 0..<64 { _ = report.bytes(page: 0xFF00, usage: UInt16(usage)) } }
        }
    }
}
