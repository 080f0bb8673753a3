/// Where the codec writes: memory of a size that was found out before, so that writing neither allocates nor copies twice. Writing more than there
/// is room for stops the process (it would be an error of `MessageEncoder.capacity`, whatever the message).
struct ByteOutput {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    private init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    /// An array of what `write` has written, at most `capacity` bytes.
    static func bytes<Failure: Error>(
        capacity: Int, _ write: (inout ByteOutput) throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
        var failure: Failure?
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            var output = ByteOutput(UnsafeMutableRawBufferPointer(buffer))
            do throws(Failure) { try write(&output) } catch { failure = error }
            count = output.count
        }
        if let failure { throw failure }
        return bytes
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        precondition(count < memory.count)
        memory[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= memory.count - count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + bytes.count]).copyMemory(from: bytes)
        count += bytes.count
    }

    mutating func append(repeating byte: UInt8, count: Int) {
        for _ in 0..<max(0, count) { append(byte) }
    }

    /// Room for `size` bytes that the caller writes; `removeLast` gives back what he did not need.
    @inline(__always)
    mutating func reserve(_ size: Int) -> UnsafeMutableRawBufferPointer {
        precondition(size >= 0 && size <= memory.count - count)
        defer { count += size }
        return UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + size])
    }

    mutating func removeLast(_ size: Int) { count -= min(count, size) }
}
