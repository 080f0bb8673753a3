import Synchronization

/// Bytes that must not be seen: keys, PIN blocks, track data, card numbers. The value prints as `****`, cannot be interpolated by accident into
/// anything else, is not `Codable`, compares in constant time, and its memory is wiped when the last reference goes.
public struct SecretBytes: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private final class Storage: Sendable {
        // `nonisolated(unsafe)`: written in init only, then read until deinit wipes and frees it, when no thread has the object any more.
        nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer
        /// Of a key that has authenticated something.
        let authentication = Mutex<KeyedAuthentication?>(nil)

        init(_ source: some Sequence<UInt8>) {
            if let copied = source.withContiguousStorageIfAvailable({ Self.copy(UnsafeRawBufferPointer($0)) }) {
                bytes = copied
            } else {
                var array = Array(source)
                bytes = array.withUnsafeBytes(Self.copy)
                array.withUnsafeMutableBytes { wipe($0) }
            }
        }

        init<Failure: Error>(count: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
            bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
            try fill(bytes)
        }

        private static func copy(_ source: UnsafeRawBufferPointer) -> UnsafeMutableRawBufferPointer {
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 1)
            bytes.copyMemory(from: source)
            return bytes
        }

        deinit {
            wipe(bytes)
            bytes.deallocate()
        }
    }

    private let storage: Storage

    public init(_ bytes: some Sequence<UInt8>) { storage = Storage(bytes) }

    /// `count` bytes written in place, so that no copy outlives them; `fill` gets zeros.
    public init<Failure: Error>(count: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        storage = try Storage(count: count, fill: fill)
    }

    public var count: Int { storage.bytes.count }

    /// The only way to the bytes. The pointer is valid inside `body`; what `body` copies out it must keep as carefully.
    public func withBytes<Result, Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Result) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(storage.bytes))
    }

    /// The algorithm with these bytes as its key: made at the first use, and gone with them.
    func authentication(_ algorithm: KeyedAuthentication.Algorithm) throws(KeysError) -> KeyedAuthentication {
        try storage.authentication.withLock { (kept) throws(KeysError) in
            if let kept, kept.algorithm == algorithm { return kept }
            let made = try KeyedAuthentication(algorithm, key: UnsafeRawBufferPointer(storage.bytes))
            kept = made
            return made
        }
    }

    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        guard left.count == right.count else { return false }
        return left.withBytes { a in right.withBytes { b in zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0 } }
    }

    public var description: String { "****" }
    public var debugDescription: String { "****" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
