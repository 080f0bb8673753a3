import Hex

extension EMVDecoder {
    /// Amounts X and Y, then a line for each rule (EMV 4.4 Book 3, 10.5).
    static func cvmList(_ bytes: [UInt8], depth: Int) throws(DecodingFailure) -> [DecodedObject.Line] {
        guard let list = CardholderVerificationMethodList(bytes) else {
            throw DecodingFailure(.length, "a CVM list is two amounts of four bytes and rules of two, not \(bytes.count) bytes")
        }
        var lines = [
            DecodedObject.Line(depth: depth, text: "amount X: \(list.x) minor units"),
            .init(depth: depth, text: "amount Y: \(list.y) minor units"),
        ]
        for (index, rule) in list.rules.enumerated() {
            let otherwise = rule.goesOnIfUnsuccessful ? "else the next rule" : "else fail"
            lines.append(
                .init(
                    depth: depth,
                    text:
                        "rule \(index + 1) \([rule.code, rule.condition].hex): \(method(rule.code)), \(condition(rule.condition)); \(otherwise)"
                ))
        }
        if list.rules.isEmpty { lines.append(.init(depth: depth, text: "no rule")) }
        return lines
    }

    /// Method, condition, result (EMV 4.4 Book 4, A4).
    static func cvmResults(_ code: UInt8, _ conditionCode: UInt8, _ result: UInt8, depth: Int) -> [DecodedObject.Line] {
        let outcome =
            switch result {
            case 0x00: "unknown (for example, for signature)"
            case 0x01: "failed (for example, for offline PIN)"
            case 0x02: "successful (for example, for offline PIN)"
            default: "reserved"
            }
        let rest = code == 0x3F ? "" : code & 0x40 != 0 ? ", else the next rule" : ", else fail"
        return [
            .init(depth: depth, text: "CVM performed \([code].hex): \(method(code))\(rest)"),
            .init(
                depth: depth,
                text: "condition \([conditionCode].hex): \(code == 0x3F ? "no meaning, no CVM was performed" : condition(conditionCode))"),
            .init(depth: depth, text: "result \([result].hex): \(outcome)"),
        ]
    }

    /// Bits 6 to 1 of the CVM code (EMV 4.4 Book 3, C3).
    private static func method(_ code: UInt8) -> String {
        let number = code & 0x3F
        if code & 0x80 != 0 { return "reserved for future use" }
        if let name = methods[number] { return name }
        return switch number {
        case 0x20...0x2F: "reserved for use by the individual payment systems"
        case 0x30...0x3E: "reserved for use by the issuer"
        default: "reserved for future use"
        }
    }

    private static let methods: [UInt8: String] = [
        0x00: "Fail CVM processing",
        0x01: "Plaintext PIN verification performed by ICC",
        0x02: "Enciphered PIN verified online",
        0x03: "Plaintext PIN verification performed by ICC and signature",
        0x04: "Enciphered PIN verification performed by ICC",
        0x05: "Enciphered PIN verification performed by ICC and signature",
        0x06: "Facial biometric verified offline (by ICC)",
        0x07: "Facial biometric verified online",
        0x08: "Finger biometric verified offline (by ICC)",
        0x09: "Finger biometric verified online",
        0x0A: "Palm biometric verified offline (by ICC)",
        0x0B: "Palm biometric verified online",
        0x0C: "Iris biometric verified offline (by ICC)",
        0x0D: "Iris biometric verified online",
        0x0E: "Voice biometric verified offline (by ICC)",
        0x0F: "Voice biometric verified online",
        0x1E: "Signature",
        0x1F: "No CVM required",
        0x3F: "No CVM performed",
    ]

    /// EMV 4.4 Book 3, C3, "CVM condition codes".
    private static func condition(_ code: UInt8) -> String {
        if conditions.indices.contains(Int(code)) { return conditions[Int(code)] }
        return code < 0x80 ? "reserved for future use" : "reserved for use by individual payment systems"
    }

    private static let conditions = [
        "always",
        "if unattended cash",
        "if not unattended cash and not manual cash and not purchase with cashback",
        "if terminal supports the CVM",
        "if manual cash",
        "if purchase with cashback",
        "if transaction is in the application currency and is under X",
        "if transaction is in the application currency and is over X",
        "if transaction is in the application currency and is under Y",
        "if transaction is in the application currency and is over Y",
    ]
}
