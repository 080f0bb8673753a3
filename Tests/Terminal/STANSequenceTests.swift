import Seeds
import Testing

@testable import Terminal

@Suite("STANs")
struct STANSequenceTests {
    @Test("Reserved in blocks, never used twice, whenever the terminal restarts")
    func neverTwice() {
        var used: Set<Int> = []
        var reserved = 0
        var generator = SeededRandom(seed: 1)
        for _ in 0..<200 {
            var sequence = STANSequence(reservedThrough: reserved)
            for _ in 0..<Int.random(in: 0...250, using: &generator) {
                let (stan, reservation) = sequence.next()
                if case .stanReserved(let through) = reservation { reserved = through }
                #expect(used.insert(stan).inserted)
                #expect((1...reserved).contains(stan))
            }
        }
    }

    @Test("999999 is followed by 000001")
    func wraps() {
        var sequence = STANSequence(reservedThrough: 999_998)
        #expect(sequence.next() == (999_999, .stanReserved(through: 999_999)))
        #expect(sequence.next() == (1, .stanReserved(through: 100)))
    }
}
