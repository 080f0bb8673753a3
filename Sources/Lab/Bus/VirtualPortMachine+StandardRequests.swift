import USB

/// Requests that every device answers alike (USB 2.0, 9.4), so that no model has to.
extension VirtualPortMachine {
    private enum StandardRequest: UInt8 {
        case getStatus = 0
        case clearFeature = 1
        case setFeature = 3
        case setAddress = 5
        case getDescriptor = 6
        case getConfiguration = 8
        case setConfiguration = 9
        case getInterface = 10
        case setInterface = 11
    }

    private enum Recipient: UInt8 {
        case device = 0
        case interface = 1
        case endpoint = 2
    }

    /// `nil` when the request is the model's: class and vendor requests, and descriptors of interfaces (HID 1.11, 7.1.1).
    mutating func standardRequest(_ setup: USBSetup) -> VirtualTransferResult? {
        // bmRequestType bits 5–6: 0 is standard; bits 0–4 the recipient (USB 2.0, table 9-2).
        guard setup.requestType & 0x60 == 0 else { return nil }
        guard let request = StandardRequest(rawValue: setup.request), let recipient = Recipient(rawValue: setup.requestType & 0x1F) else {
            return .stall
        }
        let low = UInt8(truncatingIfNeeded: setup.value)
        let index = UInt8(truncatingIfNeeded: setup.index)
        switch (request, recipient) {
        case (.getDescriptor, .interface): return nil
        case (.getDescriptor, .device): return standardDescriptor(type: UInt8(truncatingIfNeeded: setup.value >> 8), index: low)
        case (.getStatus, .endpoint): return .data([halted.contains(index) ? 1 : 0, 0])
        case (.getStatus, _): return .data([0, 0])
        // Feature 0 of an endpoint is ENDPOINT_HALT (table 9-6).
        case (.clearFeature, .endpoint) where setup.value == 0:
            halted.remove(index)
            return .accepted
        case (.setFeature, .endpoint) where setup.value == 0:
            halted.insert(index)
            return .accepted
        case (.clearFeature, .device), (.setFeature, .device), (.setAddress, .device): return .accepted
        case (.getConfiguration, .device): return .data([configuration])
        case (.setConfiguration, .device):
            guard low == 0 || descriptor.configurations.contains(where: { $0.value == low }) else { return .stall }
            configuration = low
            halted = []
            alternateSettings = [:]
            return .accepted
        case (.getInterface, .interface):
            guard interfaces.contains(where: { $0.number == index }) else { return .stall }
            return .data([alternateSettings[index] ?? 0])
        case (.setInterface, .interface):
            guard interfaces.contains(where: { $0.number == index && $0.alternateSetting == low }) else { return .stall }
            alternateSettings[index] = low
            return .accepted
        default: return .stall
        }
    }

    private func standardDescriptor(type: UInt8, index: UInt8) -> VirtualTransferResult {
        switch (type, index) {
        case (DescriptorType.device, 0): return .data(device.deviceDescriptor)
        case (DescriptorType.configuration, 0): return .data(device.configurationDescriptor)
        // String 0 lists the languages: English (United States), 0409 (9.6.7).
        case (DescriptorType.string, 0): return .data([4, DescriptorType.string, 0x09, 0x04])
        case (DescriptorType.string, _):
            guard let text = device.strings[index] else { return .stall }
            // UTF-16LE behind two bytes, at most 255 in all.
            let units = text.utf16.prefix(126).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
            return .data([UInt8(clamping: units.count + 2), DescriptorType.string] + units)
        default: return .stall
        }
    }
}
