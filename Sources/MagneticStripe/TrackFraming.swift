import Keys

/// Takes the sentinels, and the redundancy check where the reader passes it on, off a track as a reader gave it.
struct TrackFraming: Sendable {
    var characters: TrackCharacters
    /// Characters on the track with sentinels and check (ISO/IEC 7813: 79, 40 and 107).
    var capacity: Int
    var alternativeStarts: [UInt8] = []

    /// The characters between the sentinels. Zero bytes behind the end are a reader's filling.
    func body(of track: UnsafeRawBufferPointer) throws(MagneticStripeError) -> UnsafeRawBufferPointer.SubSequence {
        var end = track.endIndex
        while end > track.startIndex, track[end - 1] == 0 { end -= 1 }
        guard end - track.startIndex <= capacity else { throw MagneticStripeError(.tooLong, "the track is longer than its kind holds") }
        guard let first = track[..<end].first, characters.startSentinels.contains(first) || alternativeStarts.contains(first) else {
            throw MagneticStripeError(.framing, "the start sentinel is missing")
        }
        guard let sentinel = track[1..<end].firstIndex(of: TrackCharacters.endSentinel) else {
            throw MagneticStripeError(.framing, "the end sentinel is missing")
        }
        let body = track[1..<sentinel]
        for character in body where characters.value(character) == nil || character == first {
            throw MagneticStripeError(.character, "a character that the track cannot hold")
        }
        switch end - sentinel {
        case 1: break
        case 2:
            // A start sentinel that the reader exchanged for another counts as the standard's.
            guard characters.redundancyCheck(over: characters.startSentinels + body + [TrackCharacters.endSentinel]) == track[sentinel + 1]
            else {
                throw MagneticStripeError(.redundancy, "the redundancy check does not fit")
            }
        default: throw MagneticStripeError(.framing, "there is something behind the end of the track")
        }
        return body
    }
}

/// Fields of a track, one after the other.
struct TrackFields {
    private var rest: UnsafeRawBufferPointer.SubSequence

    init(_ body: UnsafeRawBufferPointer.SubSequence) { rest = body }

    /// Everything up to `separator`, which is taken away too; `nil` when it does not come.
    mutating func take(upTo separator: UInt8) -> UnsafeRawBufferPointer.SubSequence? {
        guard let index = rest.firstIndex(of: separator) else { return nil }
        defer { rest = rest[(index + 1)...] }
        return rest[..<index]
    }

    /// The next `count` characters; `nil` when there are fewer.
    mutating func take(_ count: Int) -> UnsafeRawBufferPointer.SubSequence? {
        guard rest.count >= count else { return nil }
        defer { rest = rest[(rest.startIndex + count)...] }
        return rest[..<(rest.startIndex + count)]
    }

    /// A field of fixed length that may be left out: then its place holds one separator.
    mutating func takeOptional(_ count: Int, separator: UInt8) -> (isThere: Bool, UnsafeRawBufferPointer.SubSequence)? {
        if rest.first == separator {
            rest = rest.dropFirst()
            return (false, rest[rest.startIndex..<rest.startIndex])
        }
        return take(count).map { (true, $0) }
    }

    var remainder: UnsafeRawBufferPointer.SubSequence { rest }
}

func isDecimal(_ bytes: some Sequence<UInt8>) -> Bool { bytes.allSatisfy { (0x30...0x39).contains($0) } }
