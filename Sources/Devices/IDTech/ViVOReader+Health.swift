extension ViVOReader: ExaminableDevice {
    /// Firmware (29-00). Keys are not told: the command for it is not published.
    func health() async throws(DeviceError) -> DeviceHealth {
        let frame = try await perform(ViVOFrame(command: 0x29, second: 0x00, data: []), limit: .seconds(2))
        return DeviceHealth(firmware: String(decoding: frame.data.prefix { $0 != 0 }, as: UTF8.self))
    }
}
