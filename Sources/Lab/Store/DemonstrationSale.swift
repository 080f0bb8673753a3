import JSON
import NIOCore

/// One sale as a point of sale makes it, with the conversation for people to read.
public enum DemonstrationSale {
    /// - Parameter print: gets each line.
    /// - Returns: whether the sale was approved.
    public static func run(port: Int, amount: Int, on group: any EventLoopGroup, print: (String) -> Void) async throws -> Bool {
        let pos = try await POSClient.connect(port: port, on: group)
        defer { Task { await pos.close() } }
        let request: JSONValue = [
            "operation": "Transaction", "type": "SALE", "requestedAmount": .string(String(amount)), "uniqueTransactionId": "DEMO1",
            "reference": "DEMO1",
        ]
        print("POS → terminal  \(request.text)")
        try await pos.send(request)
        for await message in pos.messages {
            let answer = try JSONValue(parsing: message)
            guard answer["operation"]?.string == "Transaction" else {
                print("terminal → POS  \(message)")
                continue
            }
            print("terminal → POS  \(withoutReceipts(answer).text)")
            if let receipt = answer["customerReceipt"]?.string { print("\n" + receipt) }
            return answer["result"]?.string == "0" && answer["approval"]?.string == "approved"
        }
        throw LabError(.connectionClosed, "The terminal closed the connection before it answered.")
    }

    /// The receipts are text of many lines; they follow by themselves.
    private static func withoutReceipts(_ answer: JSONValue) -> JSONValue {
        guard var object = answer.object else { return answer }
        for name in ["merchantReceipt", "customerReceipt"] where object[name] != nil { object[name] = "…" }
        return .object(object)
    }
}
