import Synchronization
import USB

/// The inside of a virtual device, as a value: what it says, and what it does with what it is told.
protocol VirtualDeviceModel: Sendable {
    var deviceDescriptor: [UInt8] { get }
    var configurationDescriptor: [UInt8] { get }
    var strings: [UInt8: String] { get }
    /// IN endpoints that have something now.
    var ready: [UInt8] { get }

    mutating func control(_ setup: USBSetup, data: [UInt8]) -> VirtualTransferResult
    mutating func out(_ endpoint: UInt8, _ data: [UInt8]) -> VirtualTransferResult
    mutating func take(_ endpoint: UInt8, length: Int) -> VirtualTransferResult
    /// Power is gone: forget what a real device would forget.
    mutating func powerLost()
}

/// Serves a model on any bus: one lock, and the port told whenever there is something to fetch.
public final class ModelledDevice<Model>: VirtualUSBDevice where Model: Sendable {
    private struct Inside {
        var model: Model
        var notify: (@Sendable (UInt8) -> Void)?
    }

    private let inside: Mutex<Inside>
    private let rules: Rules

    /// The model's own functions; kept apart so that the type of the model need not be public.
    private struct Rules: Sendable {
        var deviceDescriptor: @Sendable (Model) -> [UInt8]
        var configurationDescriptor: @Sendable (Model) -> [UInt8]
        var strings: @Sendable (Model) -> [UInt8: String]
        var ready: @Sendable (Model) -> [UInt8]
        var control: @Sendable (inout Model, USBSetup, [UInt8]) -> VirtualTransferResult
        var out: @Sendable (inout Model, UInt8, [UInt8]) -> VirtualTransferResult
        var take: @Sendable (inout Model, UInt8, Int) -> VirtualTransferResult
        var powerLost: @Sendable (inout Model) -> Void
    }

    init(_ model: Model) where Model: VirtualDeviceModel {
        inside = Mutex(Inside(model: model))
        rules = Rules(
            deviceDescriptor: { $0.deviceDescriptor }, configurationDescriptor: { $0.configurationDescriptor }, strings: { $0.strings },
            ready: { $0.ready }, control: { $0.control($1, data: $2) }, out: { $0.out($1, $2) }, take: { $0.take($1, length: $2) },
            powerLost: { $0.powerLost() })
    }

    /// Does something with the model. The port may ask for data while it is told that there is some, so it is told outside the lock.
    func change<Result: Sendable>(_ body: (inout Model) -> Result) -> Result {
        let (result, notify, ready) = inside.withLock { inside in
            let result = body(&inside.model)
            return (result, inside.notify, rules.ready(inside.model))
        }
        for endpoint in ready { notify?(endpoint) }
        return result
    }

    // MARK: VirtualUSBDevice

    public var deviceDescriptor: [UInt8] { inside.withLock { rules.deviceDescriptor($0.model) } }
    public var configurationDescriptor: [UInt8] { inside.withLock { rules.configurationDescriptor($0.model) } }
    public var strings: [UInt8: String] { inside.withLock { rules.strings($0.model) } }

    public func control(_ setup: USBSetup, data: [UInt8]) -> VirtualTransferResult { change { rules.control(&$0, setup, data) } }
    public func out(_ endpoint: UInt8, _ data: [UInt8]) -> VirtualTransferResult { change { rules.out(&$0, endpoint, data) } }
    public func take(_ endpoint: UInt8, length: Int) -> VirtualTransferResult {
        inside.withLock { rules.take(&$0.model, endpoint, length) }
    }

    public func attach(notify: @escaping @Sendable (UInt8) -> Void) { inside.withLock { $0.notify = notify } }

    public func detach() {
        inside.withLock { inside in
            inside.notify = nil
            rules.powerLost(&inside.model)
        }
    }
}
