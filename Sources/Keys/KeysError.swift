/// Why a key, a key file or a certificate could not be used. Messages never hold key or card data.
public struct KeysError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The key has a length the algorithm does not take.
        case keyLength = "keys.keyLength"
        /// The data, nonce or result has a length the algorithm does not take.
        case dataLength = "keys.dataLength"
        /// A MAC or an authentication tag does not fit.
        case authentication = "keys.authentication"
        /// An RSA key or the number to transform is out of range.
        case rsa = "keys.rsa"
        /// A file could not be read, written or synced.
        case fileAccess = "keys.fileAccess"
        /// A file that holds a secret can be read by others.
        case fileMode = "keys.fileMode"
        /// A file's content is not what it must be.
        case fileContent = "keys.fileContent"
        /// A certificate, or a name for one, is not usable.
        case certificate = "keys.certificate"
        /// A KSN has the wrong length, or a counter that no device reaches.
        case keySerialNumber = "keys.keySerialNumber"
        /// A device has used up its DUKPT keys.
        case exhausted = "keys.exhausted"
        /// A PIN block does not hold a PIN under this format, key and PAN.
        case pinBlock = "keys.pinBlock"
        /// libcrypto refused or ran out of memory.
        case libcrypto = "keys.libcrypto"
    }

    public let code: Code
    /// What happened; safe to log.
    public let message: String
    public let remedy: String?

    public init(_ code: Code, _ message: String, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(code.rawValue): \(message)" + (remedy.map { " \($0)" } ?? "") }
}
