import SmartCard

/// An issuer's script for its card: 71 or 72 with `9F18 identifier(4)` and commands `86` (EMV 4.4 Book 3, 10.10).
struct IssuerScript: Sendable {
    /// 71 before, 72 after the last GENERATE AC.
    enum Stage: Sendable, Hashable {
        case beforeFinalCryptogram, afterFinalCryptogram

        init?(tag: UInt8) {
            switch tag {
            case 0x71: self = .beforeFinalCryptogram
            case 0x72: self = .afterFinalCryptogram
            default: return nil
            }
        }
    }

    let stage: Stage
    /// 9F18, four bytes; zeros when there is none.
    let identifier: [UInt8]
    /// Whole command APDUs; one that cannot be read is `nil` and fails when its turn comes.
    let commands: [CommandAPDU?]
    /// Whether the template's inside is TLV.
    let isReadable: Bool

    private init(_ stage: Stage, content: [UInt8]) {
        self.stage = stage
        let objects = try? BERTLV.parse(content)
        isReadable = objects != nil
        let identifier = objects?.first(0x9F18)?.value ?? []
        self.identifier = identifier.count == 4 ? identifier : [0, 0, 0, 0]
        commands = (objects ?? []).filter { $0.tag == 0x86 }.map { try? CommandAPDU.parse($0.value) }
    }

    /// The scripts of a field 55, in its order. What follows something that is no data object is not looked at.
    static func scripts(in data: [UInt8]) -> [IssuerScript] {
        var scripts: [IssuerScript] = []
        var index = 0
        while index < data.count {
            if let stage = Stage(tag: data[index]), let content = content(data, at: index + 1) {
                scripts.append(IssuerScript(stage, content: Array(data[content])))
                index = content.upperBound
            } else if case .object(_, let end) = BERTLV.read(data, from: index), end > index {
                index = end
            } else {
                break
            }
        }
        return scripts
    }

    /// Where the value is whose length field begins at `index`: 00 to 7F, 81 xx or 82 xx xx. `nil` when it is not wholly there.
    private static func content(_ data: [UInt8], at index: Int) -> Range<Int>? {
        guard index < data.count else { return nil }
        let size = data[index] < 0x80 ? 0 : Int(data[index] & 0x7F)
        guard data[index] != 0x80, size <= 2, index + size < data.count else { return nil }
        let length = size == 0 ? Int(data[index]) : data[(index + 1)...(index + size)].reduce(0) { $0 << 8 | Int($1) }
        let start = index + 1 + size
        return length <= data.count - start ? start..<(start + length) : nil
    }

    enum Result: Sendable, Hashable {
        case notPerformed
        /// The number of the command, from one; zero when it was none.
        case failed(command: Int)
        case successful
    }

    /// One script's five bytes of 9F5B (EMV 4.4 Book 4, A5): result in the high, command in the low four bits, then the identifier.
    func bytes(_ result: Result) -> [UInt8] {
        switch result {
        case .notPerformed: [0x00] + identifier
        case .failed(let command): [0x10 | UInt8(min(max(command, 0), 15))] + identifier
        case .successful: [0x20] + identifier
        }
    }

    /// Book 3, 10.10: 90xx, 62xx and 63xx let the script go on.
    static func isAccepted(_ status: StatusWord) -> Bool { [0x90, 0x62, 0x63].contains(status.sw1) }
}
