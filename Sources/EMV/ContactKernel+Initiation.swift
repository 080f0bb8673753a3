import Money
import SmartCard

/// Initiate application processing (EMV 4.4 Book 3, 10.1).
extension ContactKernel {
    mutating func initiateApplication(_ application: ApplicationConfiguration) -> [KernelAction] {
        // 10.1: TVR and TSI begin with zeros.
        verificationResults = []
        statusInformation = []
        cardholderVerification = .none
        profile = []
        pendingRecords = []
        recordTags = []
        authentication = OfflineDataAuthentication()
        validity = nil
        verification = nil
        pin = nil
        setTerminalData(application)

        var optionsData: [UInt8] = []
        if let list = data.bytes(0x9F38) {
            guard let options = try? DataObjectList.parse(list) else { return finish(.terminated, .malformedData) }
            optionsData = data.data(for: options)
            authentication.transactionData = optionsData
        }
        let template = BERTLV(0x83, optionsData).encoded
        guard template.count <= 255 else { return finish(.terminated, .malformedData) }
        return transmit(CommandAPDU(0x80, 0xA8, 0x00, 0x00, data: template, expectedLength: 256), then: .processingOptions)
    }

    /// All that a DOL may ask of the terminal.
    private mutating func setTerminalData(_ application: ApplicationConfiguration) {
        let amount = transaction.amountAuthorised
        let other = transaction.amountOther
        data.set(0x9F06, candidate?.aid ?? application.aid)
        data.set(0x9F09, application.versions.first ?? [0x00, 0x00])
        data.set(0x9F1B, Self.binary(application.floorLimit))
        if !application.riskManagementData.isEmpty { data.set(0x9F1D, application.riskManagementData.prefix(8)) }
        data.set(0x9F01, NumericCoding.bytes(digits: terminal.acquirerIdentifier, count: 6))
        data.set(0x9F15, NumericCoding.bytes(digits: terminal.merchantCategoryCode, count: 2))
        data.set(0x9F16, Self.text(terminal.merchantIdentifier, count: 15))
        data.set(0x9F1A, NumericCoding.bytes(Int64(terminal.countryCode), count: 2))
        data.set(0x9F1C, Self.text(terminal.terminalIdentification, count: 8))
        data.set(0x9F1E, Self.text(terminal.interfaceDeviceSerialNumber, count: 8))
        data.set(0x9F33, terminal.capabilities.bytes)
        data.set(0x9F35, [terminal.type.rawValue])
        data.set(0x9F40, terminal.additionalCapabilities.bytes)
        data.set(0x9F4E, terminal.merchantNameAndLocation.utf8)
        // Chip read (ISO 8583:1987 field 22).
        data.set(0x9F39, [0x05])
        data.set(0x5F2A, NumericCoding.bytes(Int64(amount.currency.numericCode), count: 2))
        data.set(0x5F36, NumericCoding.bytes(Int64(amount.currency.exponent), count: 1))
        data.set(0x9F02, NumericCoding.bytes(amount.minorUnits, count: 6))
        data.set(0x81, Self.binary(amount.minorUnits))
        data.set(0x9F03, NumericCoding.bytes(other.minorUnits, count: 6))
        data.set(0x9F04, Self.binary(other.minorUnits))
        data.set(0x9A, transaction.date.numeric)
        data.set(0x9F21, transaction.time.count == 3 ? transaction.time : [0, 0, 0])
        data.set(0x9C, [transaction.transactionType])
        data.set(0x9F41, NumericCoding.bytes(Int64(transaction.sequenceCounter), count: 4))
        data.set(0x9F37, (transaction.unpredictableNumber + [0, 0, 0, 0]).prefix(4))
        data.set(0x9F34, CardholderVerificationProcess.notPerformed)
        setResults()
    }

    /// TVR and TSI as they are now, for a DOL.
    mutating func setResults() {
        data.set(0x95, verificationResults.bytes)
        data.set(0x9B, statusInformation.bytes)
    }

    /// Format b, four bytes; what does not fit becomes the largest value.
    private static func binary(_ value: Int64) -> [UInt8] {
        let number = UInt32(clamping: value)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> UInt32($0)) }
    }

    /// Format an and ans: left justified, padded with blanks.
    private static func text(_ value: String, count: Int) -> [UInt8] {
        Array((Array(value.utf8) + [UInt8](repeating: 0x20, count: count)).prefix(count))
    }

    mutating func processingOptionsAnswered(_ response: ResponseAPDU) -> [KernelAction] {
        // 10.1: "conditions of use not satisfied" sends the terminal back to the other candidates.
        if response.status == .conditionsNotSatisfied { return chooseAnother(.conditionsNotSatisfied) }
        guard response.status == .success else { return finish(.terminated, .cardCommandFailed) }
        guard let objects = try? BERTLV.parse(response.data), objects.count == 1, let template = objects.first else {
            return finish(.terminated, .malformedData)
        }
        let locator: [UInt8]
        let profileBytes: [UInt8]
        switch template.tag {
        case 0x80:
            // 6.5.8.4, format 1: AIP, then AFL.
            (profileBytes, locator) = (Array(template.content.prefix(2)), Array(template.content.dropFirst(2)))
        case 0x77:
            // 6.5.8.4, format 2; further objects are outside the specification.
            guard let first = template.first(0x82), let second = template.first(0x94) else { return finish(.terminated, .missingData) }
            (profileBytes, locator) = (first.value, second.value)
        default: return finish(.terminated, .malformedData)
        }
        guard let profile = ApplicationInterchangeProfile(bytes: profileBytes), let files = ApplicationFileLocator(locator) else {
            return finish(.terminated, .malformedData)
        }
        self.profile = profile
        data.set(0x82, profileBytes)
        data.set(0x94, locator)
        return readRecords(files)
    }
}
