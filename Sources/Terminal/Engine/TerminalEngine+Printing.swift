import Devices

/// Receipts on paper, when the request asks for them (`printReceipt`).
extension TerminalEngine {
    /// Whether paper follows the answer: the cashier is told before the final message, which is the last one.
    func printsReceipts(_ answer: TransactionAnswer, _ current: RunningTransaction) -> Bool {
        current.request.printReceipt == true && entry.printer != nil && (answer.merchantReceipt ?? answer.customerReceipt) != nil
    }

    /// After the reply: nobody waits for paper, and a printer that fails changes nothing.
    func printReceipts(_ answer: TransactionAnswer, _ current: RunningTransaction) {
        guard current.request.printReceipt == true else { return }
        guard let printer = entry.printer else {
            return environment.log.notice("no printer for the receipt", metadata: ["transaction": "\(current.id)"])
        }
        let documents = [answer.merchantReceipt, answer.customerReceipt].compactMap(\.self).map {
            PrintDocument(receipt: $0, columns: printer.columns)
        }
        let (log, id) = (environment.log, current.id)
        Task {
            for document in documents {
                do throws(DeviceError) {
                    try await printer.print(document)
                } catch {
                    log.error("receipt not printed: \(error)", metadata: ["transaction": "\(id)"])
                    return
                }
            }
        }
    }
}
