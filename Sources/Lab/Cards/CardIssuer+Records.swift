import Hex
import JSON

/// A personalised card for people and other programs: test data of the lab's own.
extension CardIssuer {
    /// What the chip would hold and answer, in hexadecimal; keys excepted.
    public func issuedRecords(_ profile: CardProfile) throws -> JSONValue {
        let card = try personalise(profile)
        return [
            "name": .string(profile.name), "answerToReset": profile.chip == .works ? .string(card.answerToReset.hex) : .null,
            "directory": .array((card.directory ?? []).map { .string($0.hex) }),
            "applications": .array(
                card.applications.map { application in
                    let records = application.records.sorted { ($0.key.file, $0.key.record) < ($1.key.file, $1.key.record) }
                    return [
                        "aid": .string(application.aid.hex), "fileControlInformation": .string(application.fileControlInformation.hex),
                        "interchangeProfile": .string(application.interchangeProfile.hex),
                        "fileLocator": .string(application.fileLocator.hex),
                        "records": .array(
                            records.map { address, record in
                                [
                                    "file": .integer(Int64(address.file)), "record": .integer(Int64(address.record)),
                                    "data": .string(record.hex),
                                ]
                            }),
                    ]
                }),
            "authorities": .array(
                try TestCertificationAuthority.load().map { authority in
                    [
                        "index": .string([authority.index].hex), "modulus": .string(authority.publicKey.modulus.hex),
                        "exponent": .string(authority.publicKey.exponent.hex),
                    ]
                }),
        ]
    }
}
