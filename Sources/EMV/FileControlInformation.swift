import SmartCard

/// The answer to SELECT of an application or a directory: 6F with 84 and A5 (EMV 4.4 Book 1, 11.3.4, tables 8 and 11).
struct FileControlInformation: Sendable {
    /// 84.
    var name: [UInt8]
    /// What A5 holds.
    var proprietary: [BERTLV]

    /// `nil` when something mandatory is missing or it is no FCI at all.
    init?(responseData: [UInt8]) {
        guard let objects = try? BERTLV.parse(responseData), objects.count == 1, let template = objects.first, template.tag == 0x6F,
            let name = template.first(0x84)?.value, let proprietary = template.first(0xA5)
        else { return nil }
        self.name = name
        self.proprietary = proprietary.children
    }

    /// 88 of a directory: 1…10.
    var directoryFile: UInt8? {
        guard let value = proprietary.first(0x88)?.value, value.count == 1, (1...10).contains(value[0]) else { return nil }
        return value[0]
    }

    /// 9F11.
    var codeTable: UInt8? {
        guard let value = proprietary.first(0x9F11)?.value, value.count == 1 else { return nil }
        return value[0]
    }

    /// 5F2D.
    var languages: [String] { proprietary.first(0x5F2D).map { ContactKernel.languages($0.value) } ?? [] }

    var hasApplicationName: Bool { (5...16).contains(name.count) }
}
