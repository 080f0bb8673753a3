/// The future keys of a device (ANSI X9.24-1:2009, A.2; X9.24-3:2017, 6.4 "intermediate derivation keys"): one register for each bit of the
/// counter. A key is erased when it was used, after the keys below it were made, so that what a device holds tells nothing about the past.
struct FutureKeys: Sendable {
    /// Makes the key of a counter from that of the same counter without its lowest one.
    typealias Derivation = @Sendable (_ base: SecretBytes, _ serial: KeySerialNumber) throws(KeysError) -> SecretBytes

    private let derive: Derivation
    private var registers: [SecretBytes?]
    /// The key that is used next, `nil` when they are used up.
    private(set) var next: KeySerialNumber?

    /// Loads the initial key of the device that `serial` names. The first key is that of its counter, and of counter 1 where it says 0:
    /// a device that was in use before has no more than the keys from there.
    init(initialKey: SecretBytes, serial: KeySerialNumber, derive: @escaping Derivation) throws(KeysError) {
        self.derive = derive
        registers = Array(repeating: nil, count: serial.scheme.counterBits)
        let first = serial.with(counter: max(1, serial.counter))
        try first.requireReachable(serial.scheme)
        next = first
        let lowest = first.counter.trailingZeroBitCount
        registers[lowest] = try first.walk(from: initialKey, derive)
        for bit in registers.indices.dropFirst(lowest + 1) where first.counter >> UInt32(bit) & 1 == 0 {
            let above = (first.counter >> UInt32(bit) | 1) << UInt32(bit)
            guard above.nonzeroBitCount <= serial.scheme.maximumOnes else { continue }
            registers[bit] = try serial.with(counter: above).walk(from: initialKey, derive)
        }
    }

    /// The next key with its number; it is no longer held.
    mutating func take() throws(KeysError) -> (KeySerialNumber, SecretBytes) {
        guard let serial = next else {
            throw KeysError(.exhausted, "The device has used all its keys.", remedy: "Have it loaded with a new initial key.")
        }
        let register = serial.counter.trailingZeroBitCount
        guard registers.indices.contains(register), let key = registers[register] else {
            throw KeysError(.exhausted, "The device does not hold the key of KSN \(serial).")
        }
        if serial.counter.nonzeroBitCount < serial.scheme.maximumOnes { try fill(below: register, of: serial, from: key) }
        registers[register] = nil
        next = serial.next.map { serial.with(counter: $0) }
        return (serial, key)
    }

    private mutating func fill(below bits: Int, of serial: KeySerialNumber, from base: SecretBytes) throws(KeysError) {
        for bit in 0..<bits { registers[bit] = try derive(base, serial.with(counter: serial.counter | 1 << UInt32(bit))) }
    }
}

extension KeySerialNumber {
    /// The host's way to the same key: from the initial key through every one of the counter, the highest first.
    func walk(from initialKey: SecretBytes, _ derive: FutureKeys.Derivation) throws(KeysError) -> SecretBytes {
        var key = initialKey
        var reached: UInt32 = 0
        for bit in stride(from: scheme.counterBits - 1, through: 0, by: -1) where counter >> UInt32(bit) & 1 == 1 {
            reached |= 1 << UInt32(bit)
            key = try derive(key, with(counter: reached))
        }
        return key
    }
}
