import ArgumentParser
import Devices
import Foundation
import Glibc
import Hex
import JSON
import Logging
import SmartCard
import USB

/// Talks to a card in a real reader through the terminal's own drivers, without a terminal.
struct APDUCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apdu",
        abstract: "Waits for a chip reader with a card on this machine's USB, sends APDUs, and measures what they cost.",
        discussion: "Prints one line of JSON: the reader, the ATR and when it came, the answers to the last round, and the time of an APDU."
    )

    @Option(help: "How many rounds to send.") var rounds = 1
    @Argument(help: "Command APDUs, hexadecimal.") var commands: [String]

    func validate() throws {
        if rounds < 1 { throw ValidationError("At least one round.") }
        if let wrong = commands.first(where: { Self.command($0) == nil }) { throw ValidationError("\(wrong) is no command APDU.") }
    }

    private static func command(_ text: String) -> CommandAPDU? { [UInt8](hex: text).flatMap { try? CommandAPDU.parse($0) } }

    func run() async throws {
        let bus = try LibUSBBus(logger: makeLogger("usb"))
        let registry = DeviceRegistry(buses: [bus], logger: makeLogger("devices", level: .warning))
        let running = Task { await registry.run() }
        FileHandle.standardError.write(Data("waiting for a card\n".utf8))
        let result = try await measure(registry)
        running.cancel()
        await running.value
        await bus.close()
        say(result.text)
    }

    private func measure(_ registry: DeviceRegistry) async throws -> JSONValue {
        for await reader in registry.chipReaders() {
            guard let reader else { continue }
            return try await withTaskExecutorPreference(reader.taskExecutor) { try await measure(reader) }
        }
        throw DeviceError(.deviceGone, "There is no chip reader.")
    }

    private func measure(_ reader: any ChipReader) async throws -> JSONValue {
        for await presence in reader.cardPresence() where presence != .absent { break }
        let answerToReset = try await reader.powerOn()
        let usable = Date().timeIntervalSince1970
        let commands = commands.compactMap(Self.command)
        var answers: [String] = []
        let start = ContinuousClock.now
        let processorStart = Self.processorSeconds()
        for _ in 0..<rounds {
            answers = []
            for command in commands {
                let response = try await reader.transmit(command)
                answers.append(response.serialized().hex)
            }
        }
        let count = Double(rounds * commands.count)
        let processor = (Self.processorSeconds() - processorStart) / count
        let seconds = (ContinuousClock.now - start) / .seconds(1) / count
        await reader.powerOff()
        return [
            "reader": .string(reader.device.model), "atr": .string(answerToReset.hex),
            "usableAt": .number(String(usable)), "answers": .array(answers.map(JSONValue.string)),
            "secondsPerAPDU": .number(String(seconds)), "processorSecondsPerAPDU": .number(String(processor)),
        ]
    }

    /// User and system time of this process, all threads.
    private static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
