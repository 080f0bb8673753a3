import ArgumentParser
import JSON
import Lab
import Service
import USB

struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices",
        abstract: "Serves virtual devices: on a socket for `countertop-lab terminal`, over USB/IP, or plugged into this machine's kernel.",
        discussion: "Takes orders on standard input: insert CARD, remove, unplug, plug.")

    @Option(help: "Unix socket to serve on; must not exist yet.") var bus: String?
    @Option(help: "Port on loopback to export the devices on over USB/IP, for `usbip attach`; 0 for any.") var usbipPort: Int?
    @Flag(help: "Plugs the devices into this machine's kernel; needs root and the module vhci-hcd.") var kernel = false
    @Option(
        help: "Device to serve; may be given several times. The store's: \(StoreDeviceName.list); beside them: \(BenchDeviceName.list).")
    var device: [String] = StoreDeviceName.onCounter.map(\.rawValue)
    @Option(help: "Card to put into the chip reader.") var card: String?

    func validate() throws {
        if bus == nil, usbipPort == nil, !kernel { throw ValidationError("Say where to serve: --bus, --usbip-port or --kernel.") }
        if let unknown = device.first(where: { StoreDeviceName(rawValue: $0) == nil && BenchDeviceName(rawValue: $0) == nil }) {
            throw ValidationError("There is no device \(unknown); there are: \(StoreDeviceName.list), \(BenchDeviceName.list).")
        }
    }

    func run() async throws {
        let ended = Task { await TerminationSignals.wait() }
        let bus = MemoryBus()
        let server = try self.bus.map { path throws(USBError) in try SocketBusServer(serving: bus, at: path) }
        let devices = StoreDevices()
        for name in device.compactMap(StoreDeviceName.init) { try bus.plug(devices.model(name), at: name.path) }
        for name in device.compactMap(BenchDeviceName.init) { try bus.plug(name.model(), at: name.path) }
        let orders = DeviceOrders(bus, chip: devices.chip, at: StoreDeviceName.chip.path)
        if let card { try orders.insert(card) }
        let exporter = try usbipPort.map { port throws(USBError) in try USBIPServer(serving: bus, port: port) }
        let controller = kernel ? try VirtualHostController(exporting: bus) : nil
        var ready = JSONObject()
        ready.append("ready", true)
        ready.append("bus", self.bus)
        if let exporter { ready.append("usbipPort", .integer(Int64(exporter.port))) }
        ready.append("devices", .array(device.map(JSONValue.string)))
        say(JSONValue.object(ready).text)
        orders.follow()
        await ended.value
        await controller?.close()
        await exporter?.close()
        await server?.close()
    }
}
