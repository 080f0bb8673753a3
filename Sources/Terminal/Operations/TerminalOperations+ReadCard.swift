import Devices
import Keys

/// Reads a card that pays nothing. Which readers there are is not this room's business.
public protocol CardSource: Sendable {
    /// Waits for a card until the task is cancelled or `seconds` have passed (`nil`).
    func readAccount(entryModes: Set<String>?, seconds: Int) async throws(DeviceError) -> (account: PAN, entryMode: String)?
    /// Of `chip contactless swipe manual`, what can be read now.
    var entryModes: Set<String> { get }
}

extension TerminalOperations {
    func readCard(_ request: ReadCardRequest, _ status: @Sendable (StatusContext, String) -> Void) async -> OperationAnswer {
        guard let source = environment.cardSource, !source.entryModes.isDisjoint(with: request.entryModes ?? source.entryModes) else {
            return OperationAnswer(.terminalNotReady, .deviceUnavailable, "No reader for the entry modes asked for.")
        }
        status(.card, texts.cashier(.card))
        environment.show(
            DisplayMessage(
                .readCard, text: request.prompt ?? texts.text("readCard"), language: texts.language.rawValue, screen: nextScreen()))
        defer { showIdle() }
        do throws(DeviceError) {
            let read = try await source.readAccount(entryModes: request.entryModes, seconds: request.seconds)
            if Task.isCancelled { return CardholderStep.cancelledByPOS }
            guard let read else { return CardholderStep.timedOut }
            return OperationAnswer(.card(shown(read.account, read.entryMode)))
        } catch {
            if Task.isCancelled { return CardholderStep.cancelledByPOS }
            return OperationAnswer(.cardUnreadable, nil, error.message)
        }
    }

    /// Clear only for ranges on the whitelist, and never for a number that a payment card could have (pos-protocol, section 6).
    private func shown(_ account: PAN, _ entryMode: String) -> OperationAnswer.CardRead {
        let isClear = account.withDigits { digits in
            !PaymentCardRanges.contains(prefix: digits) && environment.clearRanges.contains { digits.hasPrefix($0) && !$0.isEmpty }
        }
        return .init(
            account: isClear ? account.withDigits { $0 } : AccountMask.maskedManual(account), entryMode: entryMode, isClear: isClear)
    }
}
