import CLibCrypto

/// RSA without any padding, as EMV's certificates use it (EMV 4.4 Book 2, B2.1): any modulus length, exponents 3 and 65537.
public struct RSAPublicKey: Sendable, Hashable {
    /// Big-endian, without leading zeros.
    public let modulus: [UInt8]
    /// Big-endian, without leading zeros: `03` or `010001`.
    public let exponent: [UInt8]

    /// Moduli of 64 to 512 bytes (EMV has at most 248). Leading zeros are dropped.
    public init(modulus: some Collection<UInt8>, exponent: some Collection<UInt8>) throws(KeysError) {
        self.modulus = Array(modulus.drop { $0 == 0 })
        self.exponent = Array(exponent.drop { $0 == 0 })
        guard (64...512).contains(self.modulus.count), let last = self.modulus.last, !last.isMultiple(of: 2) else {
            throw KeysError(.rsa, "An RSA modulus of \(self.modulus.count) bytes is not usable.")
        }
        guard self.exponent == [3] || self.exponent == [1, 0, 1] else { throw KeysError(.rsa, "The RSA exponent is neither 3 nor 65537.") }
    }

    /// `input` raised to the exponent. `input` has the modulus' length and is smaller than it; so is the result.
    public func apply(_ input: [UInt8]) throws(KeysError) -> [UInt8] {
        try modularPower(input, exponent: BigNumber(exponent), modulus: modulus, secret: false)
    }
}

/// The private half. Production code never needs it: it signs for the lab's cards and their certification authority.
public struct RSAPrivateKey: Sendable {
    public let publicKey: RSAPublicKey
    private let privateExponent: SecretBytes

    public init(publicKey: RSAPublicKey, privateExponent: SecretBytes) {
        self.publicKey = publicKey
        self.privateExponent = privateExponent
    }

    /// `input` raised to the private exponent; see `RSAPublicKey.apply`.
    public func apply(_ input: [UInt8]) throws(KeysError) -> [UInt8] {
        let exponent = try privateExponent.withBytes { (bytes) throws(KeysError) in try BigNumber(bytes) }
        return try modularPower(input, exponent: exponent, modulus: publicKey.modulus, secret: true)
    }

    /// The private exponent, for whoever stores the key.
    public func withPrivateExponent<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try privateExponent.withBytes { try body($0) }
    }

    /// A new key of `bits` (512…4096, a multiple of 8). Takes up to seconds.
    public static func generate(bits: Int, exponent: UInt = 3) throws(KeysError) -> RSAPrivateKey {
        guard (512...4096).contains(bits), bits.isMultiple(of: 8), exponent == 3 || exponent == 65537 else {
            throw KeysError(.rsa, "No RSA keys of \(bits) bits with exponent \(exponent).")
        }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else { throw .refused("EVP_PKEY_CTX_new_from_name") }
        defer { EVP_PKEY_CTX_free(context) }
        let publicExponent = try BigNumber(exponent == 3 ? [3] : [1, 0, 1])
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits)) == 1,
            EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, publicExponent.pointer) == 1, EVP_PKEY_generate(context, &key) == 1
        else { throw .refused("EVP_PKEY_generate") }
        defer { EVP_PKEY_free(key) }
        var modulus: OpaquePointer?
        var secret: OpaquePointer?
        defer {
            BN_free(modulus)
            BN_clear_free(secret)
        }
        guard EVP_PKEY_get_bn_param(key, "n", &modulus) == 1, EVP_PKEY_get_bn_param(key, "d", &secret) == 1 else {
            throw .refused("EVP_PKEY_get_bn_param")
        }
        var modulusBytes = [UInt8](repeating: 0, count: bits / 8)
        var secretBytes = [UInt8](repeating: 0, count: bits / 8)
        defer { secretBytes.withUnsafeMutableBytes { wipe($0) } }
        guard BN_bn2binpad(modulus, &modulusBytes, Int32(bits / 8)) > 0, BN_bn2binpad(secret, &secretBytes, Int32(bits / 8)) > 0 else {
            throw .refused("BN_bn2binpad")
        }
        return RSAPrivateKey(
            publicKey: try RSAPublicKey(modulus: modulusBytes, exponent: exponent == 3 ? [3] : [1, 0, 1]),
            privateExponent: SecretBytes(secretBytes))
    }
}

extension RSAPrivateKey: CustomStringConvertible, CustomReflectable {
    public var description: String { "****" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// A libcrypto number that is wiped when it goes.
private final class BigNumber {
    let pointer: OpaquePointer

    convenience init(_ bytes: [UInt8]) throws(KeysError) {
        try self.init(adopting: BN_bin2bn(bytes, Int32(bytes.count), nil))
    }

    convenience init(_ bytes: UnsafeRawBufferPointer) throws(KeysError) {
        try self.init(adopting: BN_bin2bn(bytes.unsignedBytes, Int32(bytes.count), nil))
    }

    init(adopting number: OpaquePointer?) throws(KeysError) {
        guard let number else { throw .refused("BN_bin2bn") }
        pointer = number
    }

    deinit { BN_clear_free(pointer) }
}

private func modularPower(_ input: [UInt8], exponent: BigNumber, modulus: [UInt8], secret: Bool) throws(KeysError) -> [UInt8] {
    guard input.count == modulus.count else {
        throw KeysError(.rsa, "\(input.count) bytes cannot be transformed with a modulus of \(modulus.count).")
    }
    let base = try BigNumber(input)
    let n = try BigNumber(modulus)
    guard BN_cmp(base.pointer, n.pointer) < 0 else { throw KeysError(.rsa, "The number to transform is not smaller than the modulus.") }
    let result = try BigNumber(adopting: BN_new())
    guard let context = BN_CTX_new() else { throw .refused("BN_CTX_new") }
    defer { BN_CTX_free(context) }
    if secret { BN_set_flags(exponent.pointer, BN_FLG_CONSTTIME) }
    guard BN_mod_exp(result.pointer, base.pointer, exponent.pointer, n.pointer, context) == 1 else { throw .refused("BN_mod_exp") }
    var output = [UInt8](repeating: 0, count: modulus.count)
    guard BN_bn2binpad(result.pointer, &output, Int32(output.count)) == Int32(output.count) else { throw .refused("BN_bn2binpad") }
    return output
}
