import JSON
import Terminal

/// From the text of a message to a request. Never fails: what is wrong with a message is itself a request to answer.
enum POSRequestDecoder {
    /// Operations of the protocol that this version does not serve (pos-protocol, section 6).
    static let notBuilt: Set<String> = [
        "GetParameter", "SetParameter", "GetTransactions", "Display", "LineItems", "Input", "GetSignature", "ReadCard", "PrintText",
        "PrintLastReceipt", "Restart", "GenerateCsr", "ImportCertificate", "InstallTrustCertificate", "Diagnose", "Subscribe",
    ]

    /// Longest `operation` that is echoed, in bytes.
    private static let operationLimit = 64

    static func decode(_ bytes: some Sequence<UInt8>) -> POSRequest {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: bytes, depthLimit: 16)
        } catch {
            return unreadable("The message is not JSON: \(error)")
        }
        guard case .object(let object) = value else { return unreadable("The message is not a JSON object.") }
        guard case .string(let operation) = object["operation"], !operation.isEmpty else {
            return unreadable("operation: a string is required")
        }
        guard operation.utf8.count <= operationLimit else {
            return unreadable("operation: at most \(operationLimit) bytes")
        }
        return decode(operation, FieldReader(object: object))
    }

    private static func decode(_ operation: String, _ fields: FieldReader) -> POSRequest {
        var request = POSRequest(operation: operation, requestID: nil, body: .cancel)
        do throws(FieldError) {
            request.requestID = try fields.text("requestId", 16...64, .identifier)
            request.body = try body(operation, fields, request.requestID)
        } catch {
            request.body = .invalid(error)
        }
        return request
    }

    private static func body(_ operation: String, _ fields: FieldReader, _ requestID: String?) throws(FieldError) -> POSRequest.Body {
        switch operation {
        case "GetInformation": return .getInformation
        case "Transaction":
            // A card on file must not silently become a card that is asked for.
            for field in ["cardToken", "storedCredential"] where fields.value(field) != nil {
                return .unsupported("\(field) is not supported.")
            }
            return .transaction(try TransactionFields(fields).request(requestID))
        case "Cancel": return .cancel
        case "LastTransaction": return .lastTransaction
        case "GetTransaction":
            guard let requestID else { return .unsupported("GetTransaction is supported by requestId only.") }
            return .getTransaction(requestID: requestID)
        case _ where notBuilt.contains(operation): return .unsupported("\(operation) is not supported.")
        default: return .unsupported("The operation is not known.")
        }
    }

    private static func unreadable(_ rule: String) -> POSRequest {
        POSRequest(operation: "Error", requestID: nil, body: .invalid(FieldError("", rule)))
    }
}
