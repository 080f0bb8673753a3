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

    @Option(help: "Unix socket to serve on.") var bus: String?
    @Option(help: "Port on loopback to export the devices on over USB/IP, for `usbip attach`; 0 for any.") var usbipPort: Int?
    @Flag(help: "Plugs the devices into this machine's kernel; needs root and the module vhci-hcd.") var kernel = false
    @Option(help: "Device to serve; may be given several times. There is: chip.") var device: [String] = ["chip"]
    @Option(help: "Card to put into the chip reader.") var card: String?

    func validate() throws {
        if bus == nil, usbipPort == nil, !kernel { throw ValidationError("Say where to serve: --bus, --usbip-port or --kernel.") }
        if let unknown = device.first(where: { $0 != "chip" }) { throw ValidationError("There is no device \(unknown); there is: chip.") }
    }

    func run() async throws {
        let ended = Task { await TerminationSignals.wait() }
        let devices = MemoryBus()
        let server = try bus.map { path throws(USBError) in try SocketBusServer(serving: devices, at: path) }
        let chip = VirtualCCIDReader()
        let place = USBBusPath("lab-1")
        try devices.plug(chip, at: place)
        let orders = DeviceOrders(devices, chip: chip, at: place)
        if let card { try orders.insert(card) }
        let exporter = try usbipPort.map { port throws(USBError) in try USBIPServer(serving: devices, port: port) }
        let controller = kernel ? try VirtualHostController(exporting: devices) : nil
        var ready = JSONObject()
        ready.append("ready", true)
        ready.append("bus", bus)
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
