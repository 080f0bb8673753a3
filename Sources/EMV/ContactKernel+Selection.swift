import SmartCard

/// Building the candidate list (EMV 4.4 Book 1, 12.3).
extension ContactKernel {
    static let paymentSystemEnvironment = Array("1PAY.SYS.DDF01".utf8)

    static func select(_ name: [UInt8], next: Bool = false) -> CommandAPDU {
        // Book 1, 11.3.2: by name; P2 00 first or only occurrence, 02 next occurrence.
        CommandAPDU(0x00, 0xA4, 0x04, next ? 0x02 : 0x00, data: name, expectedLength: 256)
    }

    static func readRecord(_ number: UInt8, file: UInt8) -> CommandAPDU {
        // Book 1, 11.2.2: P2 is the SFI in the five high bits and 100.
        CommandAPDU(0x00, 0xB2, number, file << 3 | 0x04, expectedLength: 256)
    }

    // MARK: Payment system environment (12.3.2)

    mutating func selectDirectory() -> [KernelAction] {
        transmit(Self.select(Self.paymentSystemEnvironment), then: .directory)
    }

    mutating func directorySelected(_ response: ResponseAPDU) -> [KernelAction] {
        noteSelect(response.status)
        // 12.3.2, 1: the card is blocked or does not know SELECT.
        if response.status == .functionNotSupported { return finish(.terminated, .cardBlocked) }
        // 12.3.2, 1: no directory, a blocked one, or one that cannot be read: the list of AIDs.
        guard response.status == .success, let information = FileControlInformation(responseData: response.data),
            let file = information.directoryFile
        else { return selectFromList() }
        directoryCodeTable = information.codeTable
        directoryLanguages = information.languages
        return transmit(Self.readRecord(1, file: file), then: .directoryRecord(file: file, number: 1))
    }

    mutating func directoryRecordRead(_ response: ResponseAPDU, file: UInt8, number: UInt8) -> [KernelAction] {
        // 12.3.2, 5: all records read; without a match the list of AIDs decides.
        if response.status == .recordNotFound { return candidates.isEmpty ? selectFromList() : chooseApplication() }
        // 12.3.2: any error makes the directory void.
        guard response.status == .success, let entries = Self.directoryEntries(response.data) else { return selectFromList() }
        for entry in entries { addDirectoryEntry(entry) }
        guard number < Limits.directoryRecords else { return candidates.isEmpty ? selectFromList() : chooseApplication() }
        return transmit(Self.readRecord(number + 1, file: file), then: .directoryRecord(file: file, number: number + 1))
    }

    /// The 61 templates in a 70 (Book 1, 12.2.3, table 11).
    private static func directoryEntries(_ record: [UInt8]) -> [BERTLV]? {
        guard let objects = try? BERTLV.parse(record), objects.count == 1, let template = objects.first, template.tag == 0x70 else {
            return nil
        }
        return template.children.filter { $0.tag == 0x61 }
    }

    /// 12.3.2, 3: an entry without a usable ADF name, such as one of a further directory, is passed over.
    private mutating func addDirectoryEntry(_ entry: BERTLV) {
        guard let aid = entry.first(0x4F)?.value, (5...16).contains(aid.count), let configuration = configuration(for: aid) else { return }
        add(
            Candidate(
                aid: aid, label: ApplicationName.label(entry.first(0x50)?.value) ?? applications[configuration].label,
                preferredName: ApplicationName.preferred(
                    entry.first(0x9F12)?.value, codeTable: directoryCodeTable, capabilities: terminal.additionalCapabilities),
                priority: entry.first(0x87)?.content.first ?? 0, configuration: configuration,
                languages: directoryLanguages,
                issuer: Candidate.issuer(in: entry.children + (entry.first(0x73)?.children ?? []))))
    }

    /// An equal AID before one that only begins alike, and of those the longest.
    private func configuration(for aid: [UInt8]) -> Int? {
        if let equal = applications.firstIndex(where: { $0.aid == aid }) { return equal }
        return applications.indices.filter { applications[$0].partialMatch && aid.starts(with: applications[$0].aid) }
            .max { applications[$0].aid.count < applications[$1].aid.count }
    }

    /// An application by its own FCI.
    func candidate(_ information: FileControlInformation, configuration: Int, label: String) -> Candidate {
        let proprietary = information.proprietary
        return Candidate(
            aid: information.name, label: ApplicationName.label(proprietary.first(0x50)?.value) ?? label,
            preferredName: ApplicationName.preferred(
                proprietary.first(0x9F12)?.value, codeTable: information.codeTable, capabilities: terminal.additionalCapabilities),
            priority: proprietary.first(0x87)?.content.first ?? 0, configuration: configuration, languages: information.languages,
            issuer: Candidate.issuer(in: proprietary + (proprietary.first(0xBF0C)?.children ?? [])))
    }

    private mutating func add(_ candidate: Candidate) {
        guard candidates.count < Limits.candidates, !candidates.contains(where: { $0.aid == candidate.aid }) else { return }
        candidates.append(candidate)
    }

    // MARK: List of AIDs (12.3.3)

    private mutating func selectFromList() -> [KernelAction] {
        candidates = []
        return selectListed(0)
    }

    private mutating func selectListed(_ index: Int) -> [KernelAction] {
        guard applications.indices.contains(index) else { return chooseApplication() }
        return transmit(Self.select(applications[index].aid), then: .applicationList(index: index, occurrence: 1))
    }

    mutating func listedApplicationSelected(_ response: ResponseAPDU, index: Int, occurrence: Int) -> [KernelAction] {
        noteSelect(response.status)
        // 12.3.3, 2
        if occurrence == 1, response.status == .functionNotSupported { return finish(.terminated, .cardBlocked) }
        let isBlocked = response.status == .selectedFileInvalidated
        // 12.3.3, 3: any other status, or an FCI that names nothing like the AID, ends this AID.
        guard applications.indices.contains(index), response.status == .success || isBlocked else { return selectListed(index + 1) }
        let application = applications[index]
        guard let information = FileControlInformation(responseData: response.data), information.hasApplicationName,
            information.name.starts(with: application.aid)
        else {
            if isBlocked { rejection = .applicationBlocked }
            return selectListed(index + 1)
        }
        let isExact = information.name == application.aid
        // 12.3.3, 6: a longer name counts only if the application selection indicator allows it.
        guard isExact || application.partialMatch else { return selectListed(index + 1) }
        if isBlocked {
            // 12.3.3, 4 and 6: blocked applications are no candidates.
            rejection = .applicationBlocked
        } else {
            add(candidate(information, configuration: configuration(for: information.name) ?? index, label: application.label))
        }
        // 12.3.3, 5: nothing else has exactly this name; 7: others may begin with it.
        guard !isExact, occurrence < Limits.occurrences else { return selectListed(index + 1) }
        return transmit(
            Self.select(application.aid, next: true), then: .applicationList(index: index, occurrence: occurrence + 1))
    }

    /// Whether the chip is one that understands SELECT by name; if it never does, the stripe may be tried.
    mutating func noteSelect(_ status: StatusWord) {
        switch status.meaning {
        case .success, .warning: cardUnderstoodSelect = true
        default: if status == .fileNotFound || status == .functionNotSupported { cardUnderstoodSelect = true }
        }
    }
}
