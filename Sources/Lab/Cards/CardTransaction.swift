import SmartCard

/// What the card knows of the transaction under way; gone with the power.
struct CardTransaction: Sendable {
    enum IssuerAuthentication: Sendable, Hashable {
        case notPerformed, passed, failed
    }

    /// Values from the terminal by PDOL and CDOL, the latest of each.
    private(set) var terminalData: [TagNumber: [UInt8]] = [:]
    /// All that the terminal sent by PDOL and CDOL, for the transaction data hash code (EMV 4.4 Book 2, 6.6.1).
    private(set) var sent: [UInt8] = []
    /// 9F26 of the ARQC.
    var requestCryptogram: [UInt8]?
    var issuerAuthentication = IssuerAuthentication.notPerformed
    /// Whether the terminal said that the issuer could not be asked (ARC Y3 or Z3).
    var unableToGoOnline = false
    /// The number the card signed; 9F4C.
    var dynamicNumber: [UInt8]?
    var signedDynamically = false
    /// What GET CHALLENGE gave last, until a PIN used it.
    var challenge: [UInt8]?
    /// `nil`: no PIN was offered.
    var pinVerified: Bool?

    /// Splits what the terminal sent by the list; the caller compared the lengths.
    mutating func take(_ data: [UInt8], by list: DataObjectList) {
        sent += data
        var rest = data[...]
        for entry in list.entries {
            terminalData[entry.tag] = Array(rest.prefix(entry.length))
            rest = rest.dropFirst(entry.length)
        }
    }

    /// The value in the length that the cryptogram needs: cut on the left, zeros where nothing is known.
    func value(_ entry: DataObjectList.Entry) -> [UInt8] {
        let known = (terminalData[entry.tag] ?? []).suffix(entry.length)
        return [UInt8](repeating: 0, count: entry.length - known.count) + known
    }
}
