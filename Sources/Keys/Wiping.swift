import CLibCrypto

/// Overwrites memory in a way the compiler may not leave out.
func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
    OPENSSL_cleanse(bytes.baseAddress, bytes.count)
}
