extension DeviceHealth.Key {
    /// A TDES DUKPT key by its serial number, of which the last 21 bits count transactions (ANSI X9.24-1): counters with more than ten one bits are
    /// passed over, so that a key serves 1,048,575 transactions.
    init(use: String, dukpt keySerialNumber: [UInt8]) {
        self.init(
            use: use, isLoaded: true, keySerialNumber: keySerialNumber,
            transactionsLeft: keySerialNumber.count == 10 ? Self.transactionsLeft(after: keySerialNumber) : nil)
    }

    private static func transactionsLeft(after keySerialNumber: [UInt8]) -> Int {
        let counter = keySerialNumber.suffix(3).reduce(0) { $0 << 8 | Int($1) } & 0x1F_FFFF
        // Every larger counter differs first at a bit that is clear in this one.
        return (0..<21).reduce(0) { left, bit in
            guard counter >> bit & 1 == 0 else { return left }
            let free = 10 - (counter >> bit).nonzeroBitCount - 1
            return free < 0 ? left : left + (0...min(free, bit)).reduce(0) { $0 + choose(bit, $1) }
        }
    }

    private static func choose(_ count: Int, _ picked: Int) -> Int { (0..<picked).reduce(1) { $0 * (count - $1) / ($1 + 1) } }
}
