import Hex

extension DynaProPad: ExaminableDevice {
    /// Tampering and keys: as the device state report says, and by name as Get Information does (DynaPro Mini 99875629, reports 20 and 0E).
    func health() async throws(DeviceError) -> DeviceHealth {
        let state = try await state()
        var health = DeviceHealth()
        health.selfTest =
            state.isTampered ? .failed("the PIN pad was tampered with and has wiped its keys") : .passed
        health.keys = [
            try await key("PIN", .pinKeySerialNumber, isUsable: state.hasPINKey),
            try await key("tracks", .stripeKeySerialNumber, isUsable: state.hasStripeKey),
        ]
        return health
    }

    private func key(
        _ use: String, _ information: DynaProReports.Information, isUsable: Bool
    ) async throws(DeviceError) -> DeviceHealth.Key {
        guard isUsable, let text = try await self.information(information), let serial = [UInt8](hex: text), serial.count == 10 else {
            return .init(use: use, isLoaded: isUsable)
        }
        return .init(use: use, dukpt: serial)
    }
}
