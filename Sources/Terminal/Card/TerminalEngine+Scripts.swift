import Devices
import EMV
import Hex

/// The issuer's commands for after the last cryptogram, sent once the decision is safe (pos-protocol, section 5; EMV 4.4 Book 3, 10.10).
extension TerminalEngine {
    /// Keeps the card powered for them. `false`: there are none.
    func keepForScripts() -> Bool {
        guard let current = running, current.outcome?.hasPendingScripts == true, let kernel = current.kernel else { return false }
        running?.scriptKernel = kernel
        running?.kernel = nil
        running?.dialogue += 1
        return true
    }

    /// After the reply. The next card waits for the last of these commands.
    func performScripts() {
        guard let kernel = running?.scriptKernel, let id = running?.id else { return }
        running?.scriptKernel = nil
        guard let reader else { return }
        isPerformingScripts = true
        let (before, log) = (cardTask, environment.log)
        cardTask = Task { [weak self] in
            await before?.value
            var kernel = kernel
            var action = kernel.on(.performScripts).first
            while case .transmit(let command) = action {
                do throws(DeviceError) { action = kernel.on(.response(try await reader.transmit(command))).first } catch {
                    log.notice("The card went during its issuer's scripts: \(error)", metadata: ["transaction": "\(id)"])
                    action = kernel.on(.cardLost).first
                }
            }
            if case .finished(let outcome) = action {
                log.info("issuer scripts performed", metadata: ["transaction": "\(id)", "results": "\(outcome.receipt.scriptResults.hex)"])
            }
            await reader.powerOff()
            await self?.scriptsPerformed()
        }
    }

    /// Nobody is asked for a card that its issuer still writes to.
    private func scriptsPerformed() {
        isPerformingScripts = false
        if let askBack, slot.state == .usedCard { show(askBack) }
        askBack = nil
    }
}
