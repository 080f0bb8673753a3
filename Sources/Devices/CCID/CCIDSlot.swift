import SmartCard

/// A slot of a CCID reader that exchanges APDUs.
struct CCIDSlot: ChipReader {
    let device: DeviceDescription
    let reader: CCIDReader
    let index: Int

    func cardPresence() -> AsyncStream<CardPresence> { reader.presence[index].stream() }

    func powerOn() async throws(DeviceError) -> [UInt8] {
        let answer = try await reader.perform(.powerOn(reader.interface.powerSelections), slot: index)
        if let parameters = CCIDParameters.needed(after: answer.data, by: reader.interface.descriptor.features) {
            _ = try await reader.perform(.setParameters(parameters), slot: index)
        }
        return answer.data
    }

    func powerOff() async {
        // A card that is gone has no power either.
        _ = try? await reader.perform(.powerOff, slot: index)
    }

    func transmit(_ command: CommandAPDU) async throws(DeviceError) -> ResponseAPDU {
        var chaining = ResponseChaining(command)
        var action = chaining.start()
        while true {
            switch action {
            case .transmit(let next): action = chaining.on(try await exchange(next))
            case .finished(let response): return response
            case .failed(let error): throw DeviceError(.protocolViolation, error.message)
            }
        }
    }

    private func exchange(_ command: CommandAPDU) async throws(DeviceError) -> ResponseAPDU {
        let bytes: [UInt8]
        do { bytes = try command.serialized() } catch { throw DeviceError(.unsupported, error.message) }
        let answer = try await reader.perform(.apdu(bytes), slot: index)
        do { return try ResponseAPDU.parse(answer.data) } catch { throw DeviceError(.protocolViolation, error.message) }
    }
}
