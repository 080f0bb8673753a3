/// Clock and bit rate of a card as TA1 codes them (ISO/IEC 7816-3, 8.3, tables 7 and 8): a bit lasts F / D clock cycles.
public struct TransmissionRates: Sendable, Hashable {
    /// What every card speaks after a reset that says nothing else: F = 372, D = 1.
    public static let standard: UInt8 = 0x11

    /// F, clock cycles.
    public let clockRateConversion: Int
    /// D
    public let baudRateAdjustment: Int
    /// kHz; the card takes no faster clock at this F.
    public let maximumClock: Int

    /// `nil` for values that are reserved.
    public init?(ta1: UInt8) {
        guard let first = Self.conversions[ta1 >> 4], let second = Self.adjustments[ta1 & 0x0F] else { return nil }
        (clockRateConversion, maximumClock) = first
        baudRateAdjustment = second
    }

    /// bits a second
    /// - Parameter clock: kHz
    public func bitRate(clock: Int) -> Int { clock * 1000 * baudRateAdjustment / clockRateConversion }

    private static let conversions: [UInt8: (Int, Int)] = [
        0x0: (372, 4000), 0x1: (372, 5000), 0x2: (558, 6000), 0x3: (744, 8000), 0x4: (1116, 12000), 0x5: (1488, 16000),
        0x6: (1860, 20000), 0x9: (512, 5000), 0xA: (768, 7500), 0xB: (1024, 10000), 0xC: (1536, 15000), 0xD: (2048, 20000),
    ]
    private static let adjustments: [UInt8: Int] = [
        0x1: 1, 0x2: 2, 0x3: 4, 0x4: 8, 0x5: 16, 0x6: 32, 0x7: 64, 0x8: 12, 0x9: 20,
    ]
}
