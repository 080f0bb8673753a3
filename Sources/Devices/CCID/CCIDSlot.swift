import SmartCard

/// A slot of a CCID reader.
struct CCIDSlot: SecurePINReader {
    let device: DeviceDescription
    let reader: CCIDReader
    let index: Int

    var taskExecutor: (any TaskExecutor)? { reader.device.taskExecutor }

    func cardPresence() -> AsyncStream<CardPresence> { reader.presence[index].stream() }

    func powerOn() async throws(DeviceError) -> [UInt8] { try await reader.powerOn(slot: index) }

    func powerOff() async { await reader.powerOff(slot: index) }

    func transmit(_ command: CommandAPDU) async throws(DeviceError) -> ResponseAPDU { try await reader.transmit(command, slot: index) }

    // MARK: PIN

    var securePIN: SecurePINCapability {
        SecurePINCapability(
            plaintext: reader.interface.descriptor.pinSupport & 0x01 != 0, enciphered: reader.interface.pad == .lab)
    }

    func verifyPIN(_ verification: PINVerification) async throws(DeviceError) -> PINVerificationOutcome {
        switch verification {
        case .plaintext(let minimum, let maximum, let seconds):
            guard securePIN.plaintext else { throw Self.noPad }
            let entry = CCIDPINEntry.verifyPlaintext(
                timeout: Self.byte(seconds), minimumDigits: Self.byte(minimum), maximumDigits: Self.byte(maximum),
                habits: reader.interface.pinHabits)
            return PINVerificationOutcome(try await reader.enterPIN(entry, slot: index))
        case .enciphered(let modulus, let exponent, let challenge, let minimum, let maximum, let seconds):
            guard securePIN.enciphered else { throw Self.noPad }
            let request = LabPINPadRequest.encipheredPIN(
                modulus: modulus, exponent: exponent, challenge: challenge,
                limits: .init(minimumDigits: Self.byte(minimum), maximumDigits: Self.byte(maximum), seconds: Self.byte(seconds)))
            return try await reader.askPad(request, slot: index).verification()
        }
    }

    static func byte(_ value: Int) -> UInt8 { UInt8(clamping: value) }

    private static let noPad = DeviceError(.unsupported, "the reader has no PIN pad for this")
}

/// PIN change on the reader's keys, for cards whose issuer lets the terminal do it.
extension CCIDSlot: PINModifyingReader {
    var canModifyPIN: Bool { reader.interface.descriptor.pinSupport & 0x02 != 0 }

    func modifyPIN(_ modification: PINModification) async throws(DeviceError) -> PINVerificationOutcome {
        guard canModifyPIN else { throw DeviceError(.unsupported, "the reader cannot change PINs") }
        let entry = CCIDPINEntry.modifyPlaintext(
            instruction: modification.instruction, p1: modification.p1, withOldPIN: modification.asksOldPIN,
            timeout: Self.byte(modification.seconds), minimumDigits: Self.byte(modification.minimumDigits),
            maximumDigits: Self.byte(modification.maximumDigits), habits: reader.interface.pinHabits)
        return PINVerificationOutcome(try await reader.enterPIN(entry, slot: index))
    }
}

extension PINVerificationOutcome {
    init(_ end: CCIDReader.PINEntryEnd) {
        switch end {
        case .answered(let response): self = .answered(response)
        case .cancelled: self = .cancelled
        case .timedOut: self = .timedOut
        }
    }
}
