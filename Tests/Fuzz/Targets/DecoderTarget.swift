import JSON
import Terminal

@testable import TerminalAPI

/// libFuzzer on the door of the POS protocol: whatever bytes a message has, it is decoded the same way twice, its answer is JSON, and an error
/// repeats nothing of what was sent.
public func runDecoder(_ bytes: UnsafeBufferPointer<UInt8>) {
    let request = POSRequestDecoder.decode(bytes)
    precondition(request == POSRequestDecoder.decode(Array(bytes)), "decoded differently")
    precondition(request.operation.utf8.count <= POSRequestDecoder.operationLimit)
    guard case .invalid(let error) = request.body else { return }
    let message = POSMessage.result(operation: request.operation, .badField, errorMessage: error.description, requestID: request.requestID)
    let encoded = POSMessageEncoder().encode(message) { preconditionFailure("no snapshot was asked for") }
    precondition((try? JSONValue(parsing: encoded)) != nil, "the answer is not JSON")
}
