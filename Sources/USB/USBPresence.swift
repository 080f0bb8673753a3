import Listening
import Synchronization

/// Who is on a bus, and everybody who listens. A bus tells it what came and went; it leaves out what is no news.
package final class USBPresence: Sendable {
    private struct State {
        var devices = USBDeviceTable()
        var listeners = Listeners<USBBusEvent>()
        var isFinished = false

        mutating func tell(_ events: [USBBusEvent]) {
            for event in events { listeners.tell(event) }
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Events are yielded under the lock, so every listener hears them in the one order in which they happened.
    package func attached(_ info: USBDeviceInfo) {
        state.withLock { state in state.tell(state.devices.attached(info)) }
    }

    /// - Parameter node: of the device that went, where it is known.
    package func detached(_ path: USBBusPath, node: String? = nil) {
        state.withLock { state in state.tell(state.devices.detached(path, node: node)) }
    }

    /// What a complete look around found.
    package func scanned(_ found: [USBDeviceInfo]) {
        state.withLock { state in state.tell(state.devices.scanned(found)) }
    }

    package var devices: [USBDeviceInfo] { state.withLock { $0.devices.present } }

    package func info(_ path: USBBusPath) -> USBDeviceInfo? { state.withLock { $0.devices[path] } }

    /// Those present now as `.attached`, then every change; `nil` after `finish()`.
    package func events() -> AsyncStream<USBBusEvent>? {
        state.withLock { state in
            guard !state.isFinished else { return nil }
            return state.listeners.add(first: state.devices.present.map { .attached($0) })
        }
    }

    /// Ends all streams.
    package func finish() {
        state.withLock { state in
            state.isFinished = true
            state.listeners.finish()
        }
    }
}

/// The rule of what is news: a device is attached once, whoever reports it and how often.
package struct USBDeviceTable: Sendable {
    private var devices: [USBBusPath: USBDeviceInfo] = [:]
    private var order: [USBBusPath] = []

    package init() {}

    package var present: [USBDeviceInfo] { order.compactMap { devices[$0] } }

    package subscript(path: USBBusPath) -> USBDeviceInfo? { devices[path] }

    package mutating func attached(_ info: USBDeviceInfo) -> [USBBusEvent] {
        var events: [USBBusEvent] = []
        if let known = devices[info.path] {
            // The node carries the device address, which every enumeration gives out anew (USB 2.0, 9.1.2): the same place with another
            // address is another plugging-in whose removal was missed.
            guard known.node != info.node else { return [] }
            events = detached(info.path)
        }
        devices[info.path] = info
        order.append(info.path)
        return events + [.attached(info)]
    }

    package mutating func detached(_ path: USBBusPath, node: String? = nil) -> [USBBusEvent] {
        guard let known = devices[path] else { return [] }
        // A late word of a device that another has already followed at the same place.
        if let node, let present = known.node, node != present { return [] }
        devices[path] = nil
        order.removeAll { $0 == path }
        return [.detached(path)]
    }

    package mutating func scanned(_ found: [USBDeviceInfo]) -> [USBBusEvent] {
        let paths = Set(found.map(\.path))
        var events: [USBBusEvent] = []
        for path in order where !paths.contains(path) { events += detached(path) }
        for info in found { events += attached(info) }
        return events
    }
}
