import SmartCard

/// Issuer-to-card script processing (EMV 4.4 Book 3, 10.10).
extension ContactKernel {
    /// The script under way.
    struct RunningScript: Sendable {
        var script: IssuerScript
        /// From one, as 9F5B counts.
        var command = 1
    }

    mutating func performScripts(_ stage: IssuerScript.Stage) -> [KernelAction] {
        guard let index = scripts.firstIndex(where: { $0.stage == stage }) else { return scriptsDone(stage) }
        statusInformation.insert(.scriptProcessingPerformed)
        let next = scripts.remove(at: index)
        guard next.isReadable else {
            note(next, .failed(command: 0))
            return performScripts(stage)
        }
        script = RunningScript(script: next)
        return sendScriptCommand()
    }

    private mutating func sendScriptCommand() -> [KernelAction] {
        guard let running = script else { return finish(.terminated, .unexpectedEvent) }
        guard running.command <= running.script.commands.count else { return scriptEnded(.successful) }
        guard let command = running.script.commands[running.command - 1], commands < Limits.commands else {
            return scriptEnded(.failed(command: running.command))
        }
        return transmit(command, then: .script(running.script.stage))
    }

    mutating func scriptCommandAnswered(_ response: ResponseAPDU) -> [KernelAction] {
        guard let running = script else { return finish(.terminated, .unexpectedEvent) }
        // 10.10: the rest of a script that failed is not sent; other scripts are.
        guard IssuerScript.isAccepted(response.status) else { return scriptEnded(.failed(command: running.command)) }
        script?.command += 1
        return sendScriptCommand()
    }

    private mutating func scriptEnded(_ result: IssuerScript.Result) -> [KernelAction] {
        guard let running = script else { return finish(.terminated, .unexpectedEvent) }
        note(running.script, result)
        script = nil
        return performScripts(running.script.stage)
    }

    /// The card went: the command under way failed, the scripts behind it were not performed.
    mutating func abandonScripts() {
        if let running = script { note(running.script, .failed(command: running.command)) }
        for waiting in scripts { note(waiting, .notPerformed) }
        (script, scripts) = (nil, [])
    }

    private mutating func note(_ script: IssuerScript, _ result: IssuerScript.Result) {
        if case .failed = result {
            verificationResults.insert(
                script.stage == .beforeFinalCryptogram ? .scriptFailedBeforeFinalCryptogram : .scriptFailedAfterFinalCryptogram)
        }
        data.set(0x9F5B, (data.bytes(0x9F5B) ?? []) + script.bytes(result))
    }

    private mutating func scriptsDone(_ stage: IssuerScript.Stage) -> [KernelAction] {
        switch stage {
        case .beforeFinalCryptogram: completeWithIssuer()
        case .afterFinalCryptogram: finishAfterScripts()
        }
    }
}
