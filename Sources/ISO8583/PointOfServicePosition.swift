/// One position of a point of service field: what it tells, and the dialect's code for what is the case.
public struct PointOfServicePosition: Sendable, Hashable {
    /// The twelve things that point of service codes tell (ISO 8583:1993, annex A.8). Editions differ in which of them they tell, in what order
    /// and with how many characters.
    public enum Aspect: String, Sendable, CaseIterable {
        case cardDataInputCapability, cardholderAuthenticationCapability, cardCaptureCapability, operatingEnvironment, cardholderPresence,
            cardPresence, cardDataInputMode, cardholderAuthenticationMethod, cardholderAuthenticationEntity, cardDataOutputCapability,
            terminalOutputCapability, pinCaptureCapability
    }

    public var aspect: Aspect
    /// By what is the case, one to three characters.
    public var codes: [String: String]

    /// The positions of each field, by number.
    static func table(_ table: DialectReader?, _ fields: [Int: FieldDefinition]) throws(ISO8583Error) -> [Int: [PointOfServicePosition]] {
        guard let table else { return [:] }
        var result: [Int: [PointOfServicePosition]] = [:]
        for key in table.keys {
            guard let number = Int(key), fields[number] != nil else { throw table.error(key, "is not in the field table") }
            result[number] = try positions(table.mapping(key))
        }
        return result
    }

    private static func positions(_ field: DialectReader) throws(ISO8583Error) -> [PointOfServicePosition] {
        var positions: [PointOfServicePosition] = []
        for key in field.keys {
            guard key == String(positions.count + 1) else { throw field.error(key, "positions are counted from 1 without a gap") }
            let row = try field.mapping(key)
            guard let aspect: Aspect = try row.choice("of") else { throw row.error("of", "is missing") }
            var codes: [String: String] = [:]
            for word in row.keys where word != "of" {
                let code = try row.text(word)
                guard (1...3).contains(code.utf8.count) else { throw row.error(word, "must be one to three characters") }
                codes[word] = code
            }
            positions.append(PointOfServicePosition(aspect: aspect, codes: codes))
        }
        return positions
    }
}
