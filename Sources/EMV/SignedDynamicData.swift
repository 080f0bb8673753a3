import Keys

/// Signed dynamic application data, 9F4B, opened and checked (EMV 4.4 Book 2, tables 17 and 22):
/// `05 hash algorithm(1) length(1) ICC dynamic data(length) BB…`; the ICC dynamic data begins `length(1) ICC dynamic number(2…8)`.
struct SignedDynamicData: Sendable {
    /// 9F4C.
    let dynamicNumber: [UInt8]
    /// ICC dynamic data after the number.
    let rest: [UInt8]

    /// 6.5.2 and 6.6.2, steps 1 to 7. `terminalData`: for DDA what the terminal sent by the DDOL, for CDA the unpredictable number.
    init(_ signature: [UInt8], key: RSAPublicKey, terminalData: [UInt8]) throws(AuthenticationFailure) {
        guard let recovered = RecoveredSignature(signature, key: key, format: 0x05) else { throw .failed }
        let body = recovered.body
        guard body.count > 3, body[1] == 0x01, recovered.covers(terminalData) else { throw .failed }
        let length = Int(body[2])
        guard length >= 1, length <= body.count - 3 else { throw .failed }
        let dynamicData = body[3..<(3 + length)]
        let count = Int(body[3])
        guard (2...8).contains(count), count < length else { throw .failed }
        dynamicNumber = Array(dynamicData.dropFirst().prefix(count))
        rest = Array(dynamicData.dropFirst(1 + count))
    }

    /// What CDA signs besides the number (table 19): 9F27, 9F26 and the transaction data hash code; `nil` when it is not all there.
    var combined: (information: UInt8, cryptogram: [UInt8], transactionHash: [UInt8])? {
        guard rest.count >= 29 else { return nil }
        return (rest[0], Array(rest[1..<9]), Array(rest[9..<29]))
    }
}
