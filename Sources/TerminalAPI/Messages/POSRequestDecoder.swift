import JSON
import Terminal

/// From the text of a message to a request. Never fails: what is wrong with a message is itself a request to answer.
enum POSRequestDecoder {
    /// Longest `operation` that is echoed, in bytes.
    static let operationLimit = 64

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
            request.requestID = try fields.text(OperationDefinition.requestID)
            if let definition = OperationDefinition.byName[operation] {
                request.body = try definition.read(fields, request.requestID)
            } else {
                request.body = .unsupported("The operation is not known.")
            }
        } catch {
            request.body = .invalid(error)
        }
        return request
    }

    private static func unreadable(_ rule: String) -> POSRequest {
        POSRequest(operation: "Error", requestID: nil, body: .invalid(FieldError("", rule)))
    }
}
