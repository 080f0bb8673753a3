import USB

/// The rules of the list of devices and of which of them are in service. No tasks, no locks.
struct DeviceListing: Sendable {
    /// One driver's view of one place on one bus.
    struct Key: Hashable, Sendable, Comparable {
        var bus: Int
        var path: USBBusPath
        var driver: String

        static func < (left: Key, right: Key) -> Bool {
            (left.bus, left.path.description, left.driver) < (right.bus, right.path.description, right.driver)
        }
    }

    enum Event: Sendable {
        /// A driver has opened the device, or says why not.
        case listed(Key, [DeviceDescription], [DeviceCapability])
        case unplugged(Key)
        /// The registry stops.
        case closed
    }

    enum Action: Sendable {
        case tell(DeviceChange)
        /// Another device is in service for this purpose.
        case inService(DeviceCapability.Purpose, DeviceCapability?)
    }

    /// A device that was unplugged stays listed as absent until it or another one comes there; this many, then the oldest goes.
    static let maximumAbsent = 16

    private struct Entry: Sendable {
        var devices: [DeviceDescription]
        var capabilities: [DeviceCapability]
        /// Counts what was opened, so that a device that came back is another one.
        var opening: UInt64
        var isAbsent: Bool
    }

    private struct Service: Hashable, Sendable {
        var key: Key
        var opening: UInt64
        /// Place among the entry's capabilities.
        var index: Int
    }

    private let roles: DeviceRoles
    private var entries: [Key: Entry] = [:]
    private var openings: UInt64 = 0
    private var services: [DeviceCapability.Purpose: Service] = [:]

    init(roles: DeviceRoles) { self.roles = roles }

    /// By bus and port; last, what the configuration asks for and nobody has seen.
    var devices: [DeviceDescription] {
        let listed = entries.sorted { $0.key < $1.key }.flatMap(\.value.devices)
        let missing = DeviceDescription.Kind.allCases.compactMap { kind -> DeviceDescription? in
            guard let selector = roles.selectors[kind], !listed.contains(where: { $0.kind == kind && selector.matches($0) }) else {
                return nil
            }
            return Self.missing(kind, selector)
        }
        return listed + missing
    }

    func inService(_ purpose: DeviceCapability.Purpose) -> DeviceCapability? {
        guard let service = services[purpose], let entry = entries[service.key], entry.capabilities.indices.contains(service.index) else {
            return nil
        }
        return entry.capabilities[service.index]
    }

    mutating func on(_ event: Event) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .listed(let key, let devices, let capabilities): actions = listed(key, devices, capabilities)
        case .unplugged(let key): actions = unplugged(key)
        case .closed:
            for key in entries.keys.sorted() { actions += unplugged(key) }
        }
        return actions + DeviceCapability.Purpose.allCases.flatMap { choose($0) }
    }

    private mutating func listed(_ key: Key, _ devices: [DeviceDescription], _ capabilities: [DeviceCapability]) -> [Action] {
        openings += 1
        let entry = Entry(devices: devices, capabilities: capabilities, opening: openings, isAbsent: false)
        let previous = entries.updateValue(entry, forKey: key)
        forgetAbsent(replacedAt: key, by: devices)
        let wasThere = previous.map { $0.isAbsent ? [] : $0.devices } ?? []
        guard !wasThere.isEmpty else { return devices.map { .tell(.arrived($0)) } }
        return devices.filter { !wasThere.contains($0) }.map { .tell(.changed($0)) }
    }

    private mutating func unplugged(_ key: Key) -> [Action] {
        guard var entry = entries[key], !entry.isAbsent else { return [] }
        openings += 1
        entry.capabilities = []
        entry.isAbsent = true
        entry.opening = openings
        for index in entry.devices.indices {
            entry.devices[index].state = .absent
            entry.devices[index].finding = "Unplugged. Plug it in again."
        }
        entries[key] = entry
        let absent = entries.filter(\.value.isAbsent).sorted { $0.value.opening < $1.value.opening }
        for (old, _) in absent.dropLast(Self.maximumAbsent) { entries[old] = nil }
        return entry.devices.map { .tell(.left($0)) }
    }

    /// The same device at another port, or another device at the same port, ends the memory of the absent one.
    private mutating func forgetAbsent(replacedAt key: Key, by devices: [DeviceDescription]) {
        entries = entries.filter { old, entry in
            guard entry.isAbsent, old != key else { return true }
            if old.bus == key.bus, old.path == key.path { return false }
            return !entry.devices.contains { absent in
                devices.contains {
                    $0.vendorID == absent.vendorID && $0.productID == absent.productID && $0.serialNumber == absent.serialNumber
                }
            }
        }
    }

    /// The device in service stays as long as it is there; then the first in the list that the configuration allows.
    private mutating func choose(_ purpose: DeviceCapability.Purpose) -> [Action] {
        let candidates: [Service] = entries.sorted { $0.key < $1.key }.flatMap { key, entry in
            entry.capabilities.indices.compactMap { index in
                guard entry.capabilities[index].purpose == purpose, roles.allow(entry.capabilities[index]) else { return nil }
                return Service(key: key, opening: entry.opening, index: index)
            }
        }
        if let service = services[purpose], candidates.contains(service) { return [] }
        guard services[purpose] != candidates.first else { return [] }
        services[purpose] = candidates.first
        return [.inService(purpose, inService(purpose))]
    }

    private static func missing(_ kind: DeviceDescription.Kind, _ selector: DeviceSelector) -> DeviceDescription {
        var description = DeviceDescription(
            kind: kind, model: "configured \(kind.text)", serialNumber: nil, vendorID: 0, productID: 0, path: USBBusPath(""), driver: "",
            state: .absent,
            finding: "The \(kind.text) with \(selector) is not there. Plug it in, or change the configuration.")
        switch selector {
        case .path(let path): description.path = path
        case .serialNumber(let number): description.serialNumber = number
        }
        return description
    }
}
