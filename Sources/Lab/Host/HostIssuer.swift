import Keys

/// The issuer behind the host: what it knows of its chips' keys.
public protocol HostIssuer: Sendable {
    /// Whether the cryptogram (9F26) in field 55 is the card's.
    func isGenuine(_ request: ChipRequest) -> Bool

    /// Issuer authentication data, the value of tag 91: ARPC and authorisation response code; `nil` when `request` cannot be answered so.
    /// - Parameter responseCode: two ASCII characters, EMV 8A.
    func authenticationData(for request: ChipRequest, responseCode: [UInt8]) -> [UInt8]?
}

/// What a chip said of itself and of the payment.
public struct ChipRequest: Sendable {
    public var pan: PAN
    /// Field 23; 0 where absent (EMV 4.4 Book 2, A1.4.1).
    public var sequenceNumber: Int
    /// Field 55.
    public var iccData: [UInt8]

    public init(pan: PAN, sequenceNumber: Int, iccData: [UInt8]) {
        self.pan = pan
        self.sequenceNumber = sequenceNumber
        self.iccData = iccData
    }
}
