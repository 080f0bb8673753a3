import ArgumentParser
import JSON
import Lab
import Service
import USB

struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "Serves virtual devices on a socket, for `countertop-lab terminal`.")

    @Option(help: "Unix socket to serve on; must not exist yet.") var bus: String
    @Option(help: "Device to serve; may be given several times. There are: \(StoreDeviceName.list).")
    var device: [String] = StoreDeviceName.allCases.map(\.rawValue)
    @Option(help: "Card to put into the chip reader.") var card: String?

    func validate() throws {
        if let unknown = device.first(where: { StoreDeviceName(rawValue: $0) == nil }) {
            throw ValidationError("There is no device \(unknown); there are: \(StoreDeviceName.list).")
        }
    }

    func run() async throws {
        let ended = Task { await TerminationSignals.wait() }
        let bus = MemoryBus()
        let server = try SocketBusServer(serving: bus, at: self.bus)
        let devices = StoreDevices()
        for name in device.compactMap(StoreDeviceName.init) { try bus.plug(devices.model(name), at: name.path) }
        if let card { devices.chip.insert(try CardIssuer().issue(try CardProfiles.named(card))) }
        let ready: JSONValue = ["ready": true, "bus": .string(self.bus), "devices": .array(device.map(JSONValue.string))]
        say(ready.text)
        await ended.value
        await server.close()
    }
}
