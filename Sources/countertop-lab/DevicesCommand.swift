import ArgumentParser
import JSON
import Lab
import Service
import USB

struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "Serves virtual devices on a socket, for `countertop-lab terminal`.")

    @Option(help: "Unix socket to serve on; must not exist yet.") var bus: String
    @Option(help: "Device to serve; may be given several times. There is: chip.") var device: [String] = ["chip"]
    @Option(help: "Card to put into the chip reader.") var card: String?

    func validate() throws {
        if let unknown = device.first(where: { $0 != "chip" }) { throw ValidationError("There is no device \(unknown); there is: chip.") }
    }

    func run() async throws {
        let ended = Task { await TerminationSignals.wait() }
        let devices = MemoryBus()
        let server = try SocketBusServer(serving: devices, at: bus)
        let chip = VirtualCCIDReader()
        try devices.plug(chip, at: USBBusPath("lab-1"))
        if let card { chip.insert(try CardIssuer().issue(try CardProfiles.named(card))) }
        let ready: JSONValue = ["ready": true, "bus": .string(bus), "devices": .array(device.map(JSONValue.string))]
        say(ready.text)
        await ended.value
        await server.close()
    }
}
