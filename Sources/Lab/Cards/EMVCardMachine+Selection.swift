import SmartCard

/// SELECT, READ RECORD and GET DATA.
extension EMVCardMachine {
    /// SELECT by name (EMV 4.4 Book 1, 11.3): P2 00 the first or only, 02 the next that begins with the name.
    mutating func select(_ command: CommandAPDU) -> ResponseAPDU {
        guard command.p1 == 0x04, command.p2 == 0x00 || command.p2 == 0x02 else { return ResponseAPDU(status: .incorrectParameters) }
        // Book 1, 12.3.2: a blocked card answers 6A81.
        guard !isBlocked else { return ResponseAPDU(status: .functionNotSupported) }
        guard (5...16).contains(command.data.count) else { return ResponseAPDU(status: .wrongLength) }
        if command.data == CardIssuer.directoryName {
            guard card.directory != nil, command.p2 == 0x00 else { return ResponseAPDU(status: .fileNotFound) }
            _ = reset()
            phase = .directory
            return ResponseAPDU(data: card.directoryInformation, status: .success)
        }
        var start = 0
        if command.p2 == 0x02 {
            guard let last = lastSelection, last.name == command.data else { return ResponseAPDU(status: .fileNotFound) }
            start = last.index + 1
        }
        let matches = card.applications.indices.filter { card.applications[$0].aid.starts(with: command.data) }
        guard let index = matches.first(where: { $0 >= start }) else { return ResponseAPDU(status: .fileNotFound) }
        _ = reset()
        lastSelection = (command.data, index)
        let application = card.applications[index]
        guard !application.blocked, !memories[index].isBlocked else {
            return ResponseAPDU(data: application.fileControlInformation, status: .selectedFileInvalidated)
        }
        selected = index
        phase = .selected
        return ResponseAPDU(data: application.fileControlInformation, status: .success)
    }

    /// READ RECORD (Book 3, 6.5.11): P1 the record, P2 the short file identifier and 100 in the low bits.
    mutating func readRecord(_ command: CommandAPDU) -> ResponseAPDU {
        guard command.data.isEmpty else { return ResponseAPDU(status: .wrongLength) }
        guard command.p2 & 0x07 == 0x04, command.p1 != 0 else { return ResponseAPDU(status: .incorrectParameters) }
        let file = command.p2 >> 3
        let record: [UInt8]?
        let fileExists: Bool
        switch phase {
        case .idle, .selected, .finished: return ResponseAPDU(status: .conditionsNotSatisfied)
        case .directory:
            fileExists = file == CardIssuer.directoryFile
            let records = card.directory ?? []
            record = fileExists && Int(command.p1) <= records.count ? records[Int(command.p1) - 1] : nil
        case .initiated, .awaitingIssuer:
            let records = application?.records ?? [:]
            fileExists = records.keys.contains { $0.file == file }
            record = records[.init(file: file, record: command.p1)]
        }
        guard fileExists else { return ResponseAPDU(status: .fileNotFound) }
        guard let record else { return ResponseAPDU(status: .recordNotFound) }
        return whole(record, command)
    }

    /// GET DATA (Book 3, 6.5.7): 9F36, 9F13, 9F17. The lab's cards keep no transaction log, so 9F4F is not found.
    mutating func getData(_ command: CommandAPDU) -> ResponseAPDU {
        guard command.data.isEmpty else { return ResponseAPDU(status: .wrongLength) }
        guard selected != nil else { return ResponseAPDU(status: .conditionsNotSatisfied) }
        let object: BERTLV
        switch (command.p1, command.p2) {
        case (0x9F, 0x36): object = BERTLV(0x9F36, memory.transactionCounter.bytes)
        case (0x9F, 0x13): object = BERTLV(0x9F13, memory.lastOnlineCounter.bytes)
        case (0x9F, 0x17) where pin != nil: object = BERTLV(0x9F17, [memory.pinTries])
        default: return ResponseAPDU(status: .referencedDataNotFound)
        }
        return whole(object.encoded, command)
    }

    /// The data, or 6Cxx when the terminal asked for less than there is (ISO/IEC 7816-4, 5.6).
    private func whole(_ data: [UInt8], _ command: CommandAPDU) -> ResponseAPDU {
        if let expected = command.expectedLength, expected < data.count {
            return ResponseAPDU(status: StatusWord(0x6C00 | UInt16(truncatingIfNeeded: data.count & 0xFF)))
        }
        return ResponseAPDU(data: data, status: .success)
    }
}

extension UInt16 {
    /// Most significant first.
    var bytes: [UInt8] { [UInt8(self >> 8), UInt8(self & 0xFF)] }
}
