import USB

/// What can be made to go wrong with a plugged device. An `endpoint` of `nil` means the one that carries the work: bulk where the device
/// has bulk endpoints, else interrupt.
public enum VirtualFault: Sendable, Hashable {
    /// The next transfer (a waiting one first) is answered STALL, and the endpoint stays halted until CLEAR_FEATURE(ENDPOINT_HALT).
    case stall(endpoint: UInt8? = nil)
    /// The next data is disturbed: every byte of it XOR 5A. With `nil` those of an IN endpoint where there is one.
    case garble(endpoint: UInt8? = nil)
    /// Every transfer starts that much later, until `.slow(.zero)`.
    case slow(Duration)
}

/// The faults that are armed on a port.
struct ArmedFaults {
    private(set) var delay: Duration = .zero
    private var stalls: [Target] = []
    private var garbles: [Target] = []

    /// The endpoints that a fault without an endpoint may hit.
    private struct Target {
        let endpoints: Set<UInt8>
    }

    mutating func arm(_ fault: VirtualFault, on descriptor: USBDeviceDescriptor) {
        switch fault {
        case .stall(let endpoint): stalls.append(Target(endpoints: endpoint.map { [$0] } ?? Self.working(descriptor)))
        case .garble(let endpoint):
            let working = Self.working(descriptor)
            let incoming = working.filter { $0 & 0x80 != 0 }
            garbles.append(Target(endpoints: endpoint.map { [$0] } ?? (incoming.isEmpty ? working : incoming)))
        case .slow(let delay): self.delay = max(delay, .zero)
        }
    }

    /// Whether a transfer on `endpoint` is to be stalled; uses the fault up.
    mutating func takeStall(_ endpoint: UInt8) -> Bool { Self.take(&stalls, endpoint) }

    /// Data as it arrives; uses the fault up unless there is no data to disturb.
    mutating func disturb(_ data: [UInt8], on endpoint: UInt8) -> [UInt8] {
        guard !data.isEmpty, Self.take(&garbles, endpoint) else { return data }
        return data.map { $0 ^ 0x5A }
    }

    private static func take(_ targets: inout [Target], _ endpoint: UInt8) -> Bool {
        guard let index = targets.firstIndex(where: { $0.endpoints.contains(endpoint) }) else { return false }
        targets.remove(at: index)
        return true
    }

    private static func working(_ descriptor: USBDeviceDescriptor) -> Set<UInt8> {
        let endpoints = descriptor.configurations.flatMap(\.interfaces).flatMap(\.endpoints)
        let bulk = endpoints.filter { $0.transfer == .bulk }
        return Set((bulk.isEmpty ? endpoints : bulk).map(\.address))
    }
}
