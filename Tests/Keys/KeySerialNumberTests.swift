import Testing

@testable import Keys

@Suite("Key serial numbers")
struct KeySerialNumberTests {
    @Test("The counter is the lower 21 bits of ten bytes, the lower 32 of twelve")
    func counters() {
        #expect(serialNumber("FFFF9876543210E00015").counter == 0x15)
        #expect(serialNumber("FFFF9876543210FFFFFF").counter == 0x1F_FFFF)
        #expect(serialNumber("FFFF9876543210FFFFFF").with(counter: 1).description == "FFFF9876543210E00001")
        #expect(serialNumber("FFFF9876543210E00000").with(counter: 0xFFFF_FFFF).description == "FFFF9876543210FFFFFF")
        #expect(serialNumber("123456789012345600020001").counter == 0x2_0001)
        #expect(serialNumber("1234567890123456FFFFFFFF").with(counter: 2).description == "123456789012345600000002")
    }

    @Test("Other lengths are no KSN")
    func lengths() {
        for count in 0...20 where count != 10 && count != 12 {
            #expect { try KeySerialNumber([UInt8](repeating: 1, count: count)) } throws: { ($0 as? KeysError)?.code == .keySerialNumber }
        }
    }

    @Test("The next counter has not too many ones, and none that could be used lies between")
    func next() {
        let tdes = serialNumber("FFFF9876543210E00000")
        #expect(tdes.with(counter: 0x3FF).next == 0x400)
        #expect(tdes.with(counter: 0x7FE).next == 0x800)
        #expect(tdes.with(counter: 0x1F_F800).next == nil)
        let aes = serialNumber("123456789012345600000000")
        #expect(aes.with(counter: 0x1_FFFE).next == 0x2_0000)
        #expect(aes.with(counter: 0xFFFF_0000).next == nil)
        #expect(aes.with(counter: 0xFFFE_8000).next == 0xFFFF_0000)
    }

    @Test("How many keys are left is counted without trying")
    func keysLeft() {
        let serial = serialNumber("FFFF9876543210E00000")
        #expect(serial.keysLeft == 1_048_575)
        #expect(serial.with(counter: 0x1F_F800).keysLeft == 0)
        #expect(serial.with(counter: 0x1F_F000).keysLeft == 12)
        #expect(serial.with(counter: 0x7FE).keysLeft == 1_048_575 - 2_046)
        #expect(serial.with(counter: 0x800).keysLeft == 1_048_575 - 2_047)
        #expect(serialNumber("123456789012345600000000").keysLeft == 2_448_023_842)
    }

    /// A tree of the same shape that counts instead of enciphering: a key is its counter, and a wrong parent makes no key.
    private static let counting: FutureKeys.Derivation = { (base, serial) throws(KeysError) in
        let from = base.withBytes { $0.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
        guard from == serial.counter & (serial.counter - 1) else { return SecretBytes([]) }
        return key(serial.counter)
    }

    private static func key(_ counter: UInt32) -> SecretBytes {
        SecretBytes((0..<4).map { UInt8(truncatingIfNeeded: counter >> (24 - 8 * $0)) })
    }

    @Test(
        "A device gives every key from its counter on once, then says that it has none",
        arguments: [
            ("FFFF9876543210FFF000", 13), ("FFFF9876543210FFE000", 92), ("1234567890123456FFFF0000", 1), ("1234567890123456FFFC4000", 66),
        ])
    func exhaustion(first: String, count: Int) throws {
        let start = serialNumber(first)
        #expect(start.keysLeft == count - 1)
        var keys = try FutureKeys(initialKey: Self.key(0), serial: start, derive: Self.counting)
        for number in 0..<count {
            let (serial, key) = try keys.take()
            #expect(key == Self.key(serial.counter))
            #expect(serial.keysLeft == count - number - 1)
        }
        #expect(keys.next == nil)
        #expect { try keys.take() } throws: { ($0 as? KeysError)?.code == .exhausted }
    }

    @Test("A device in use holds the same keys whether it was walked there or starts there")
    func resumption() throws {
        let start = serialNumber("FFFF9876543210E00000")
        var walked = try FutureKeys(initialKey: Self.key(0), serial: start, derive: Self.counting)
        for _ in 0..<3_000 {
            let serial = try #require(walked.next)
            if serial.counter.isMultiple(of: 371) {
                var resumed = try FutureKeys(initialKey: Self.key(0), serial: serial, derive: Self.counting)
                var other = walked
                for _ in 0..<300 {
                    let (left, right) = (try other.take(), try resumed.take())
                    #expect(left == right)
                    #expect(right.1 == Self.key(right.0.counter))
                }
            }
            _ = try walked.take()
        }
    }
}
