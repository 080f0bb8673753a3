extension MagTekStripeDevice: ExaminableDevice {
    /// Firmware; of a MagneSafe also whether it enciphers, with which key, and for how many swipes more (MagTek D99875475, commands 09, 15 and 1C).
    func health() async throws(DeviceError) -> DeviceHealth {
        var health = DeviceHealth(firmware: String(decoding: try await command(.getProperty(.softwareID)), as: UTF8.self))
        guard isMagneSafe else { return health }
        // Below level 3 tracks go in clear, whatever key there is.
        guard let level = try await command(.securityLevel).first, level >= 3 else {
            health.keys = [.init(use: "tracks", isLoaded: false)]
            return health
        }
        var key = DeviceHealth.Key(use: "tracks", dukpt: try await command(.keySerialNumber))
        // Serial number of the device, then three bytes: FFFFFF is switched off, 000000 used up.
        let counter = try await command(.encryptionCounter).suffix(3).reduce(0) { $0 << 8 | Int($1) }
        if counter != 0xFF_FFFF { key.transactionsLeft = min(counter, key.transactionsLeft ?? counter) }
        health.keys = [key]
        return health
    }
}
