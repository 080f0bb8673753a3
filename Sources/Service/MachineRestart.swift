import Foundation
import Logging

/// Restarts the machine as `systemctl reboot` does: systemd ends the terminal like everything else, in order, and starts it again.
struct MachineRestart: Sendable {
    var command = "/usr/bin/systemctl"

    /// `false`: it was refused, and the log says why.
    func begin(_ logger: Logger) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: command)
        process.arguments = ["reboot"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            logger.error("The machine cannot be restarted, \(command) does not start; only the terminal restarts.")
            return false
        }
        process.waitUntilExit()
        if process.terminationStatus == 0 { return true }
        logger.error(
            "systemd refused to restart the machine; only the terminal restarts. Install systemd/countertop-reboot.rules.",
            metadata: ["status": "\(process.terminationStatus)"])
        return false
    }
}
