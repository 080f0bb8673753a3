import SmartCard

/// Read application data (EMV 4.4 Book 3, 10.2).
extension ContactKernel {
    struct RecordAddress: Sendable, Hashable {
        var file: UInt8
        var number: UInt8
        /// Whether offline data authentication covers it.
        var isAuthenticated: Bool
    }

    /// Without these there is no transaction (Book 3, 7.2, table 28).
    static let mandatoryTags: [TagNumber] = [0x5A, 0x5F24, 0x8C, 0x8D]

    mutating func readRecords(_ files: ApplicationFileLocator) -> [KernelAction] {
        let addresses = files.entries.flatMap { entry in
            entry.records.map {
                RecordAddress(
                    file: entry.shortFileIdentifier, number: $0, isAuthenticated: $0 - entry.records.lowerBound < entry.authenticated)
            }
        }
        guard addresses.count <= Limits.records else { return finish(.terminated, .tooManyRecords) }
        pendingRecords = addresses[...]
        return readNextRecord()
    }

    private mutating func readNextRecord() -> [KernelAction] {
        guard let next = pendingRecords.first else { return recordsComplete() }
        return transmit(Self.readRecord(next.number, file: next.file), then: .records)
    }

    mutating func recordRead(_ response: ResponseAPDU) -> [KernelAction] {
        guard let address = pendingRecords.popFirst() else { return finish(.terminated, .unexpectedEvent) }
        // 10.2: anything but 9000 ends the session.
        guard response.status == .success else { return finish(.terminated, .cardCommandFailed) }
        if address.isAuthenticated { authentication.addRecord(response.data, file: address.file) }
        // 10.2: files 11 to 30 are not of this specification; their records serve offline data authentication only.
        guard address.file <= 10 else { return readNextRecord() }
        guard let objects = try? BERTLV.parse(response.data), objects.count == 1, let template = objects.first, template.tag == 0x70 else {
            return finish(.terminated, .malformedData)
        }
        for object in template.children where data.keepFromCard(object) && !object.tag.isConstructed {
            // 10.2: the same primitive object twice is an error of the card.
            guard recordTags.insert(object.tag).inserted else { return finish(.terminated, .redundantData) }
        }
        return readNextRecord()
    }

    private mutating func recordsComplete() -> [KernelAction] {
        guard Self.mandatoryTags.allSatisfy({ data.contains($0) }) else { return finish(.terminated, .missingData) }
        // 7.5: what is there and cannot be right ends the session.
        guard accountNumber != nil, let expiration = data.bytes(0x5F24).flatMap(KernelDate.init(numeric:)) else {
            return finish(.terminated, .malformedData)
        }
        var effective: KernelDate?
        if let bytes = data.bytes(0x5F25) {
            guard let date = KernelDate(numeric: bytes) else { return finish(.terminated, .malformedData) }
            effective = date
        }
        validity = (expiration, effective)
        return authenticateOffline()
    }

    /// 10.4 to 10.7.
    mutating func processApplication() -> [KernelAction] {
        guard let validity else { return finish(.terminated, .missingData) }
        applyProcessingRestrictions(expiration: validity.expiration, effective: validity.effective)
        return verifyCardholder()
    }
}
