import Glibc
import Grounds
import Lab
import Logging
import Testing
import USB

@testable import Devices

/// Plugs and unplugs a reader again and again: the same body in memory (ten thousand times) and on a system (50 times; the environment's
/// CYCLES says otherwise).
@Suite("Plug and unplug, many times", .serialized, .timeLimit(.minutes(20)))
struct CycleTests {
    private static let cycles: Int = getenv("CYCLES").flatMap { Int(String(cString: $0)) } ?? (Ground.current.isReal ? 50 : 10_000)

    @Test("a reader that comes and goes, also in the middle of a transfer, is in service each time, and leaves nothing behind")
    func cycles() async throws {
        let memory = MemoryBus()
        let bus = try Ground.current.bus(for: memory)
        var logger = Logger(label: "cycles")
        logger.logLevel = .critical
        let registry = DeviceRegistry(buses: [bus], logger: logger)
        let running = Task { await registry.run() }
        let place = USBBusPath("1-1")
        let virtual = VirtualCCIDReader()
        var readers = registry.chipReaders().makeAsyncIterator()
        guard case .some(.none) = await readers.next() else { return #expect(Bool(false), "a reader before one is plugged in") }
        var before = Resources.now
        for cycle in 0..<Self.cycles {
            // What is allocated once is allocated by then.
            if cycle == min(Self.cycles / 5, 1000) { before = .now }
            try memory.plug(virtual, at: place)
            guard case .some(.some(let reader)) = await readers.next() else {
                Issue.record("no reader in service in cycle \(cycle)")
                break
            }
            // Every second time the plug is pulled in the middle of a command that the reader sits on.
            if cycle % 2 == 0 {
                virtual.inject(.hold, on: 0x62)
                async let answer: DeviceError.Code? = Self.code { () throws(DeviceError) in try await reader.powerOn() }
                #expect(await comes { virtual.heldCount == 1 }, "the command never reached the reader")
                memory.unplug(place)
                let code = await answer
                #expect(code == .deviceGone, "in cycle \(cycle)")
            } else {
                memory.unplug(place)
            }
            guard case .some(.none) = await readers.next() else {
                Issue.record("the reader stays in service in cycle \(cycle)")
                break
            }
        }
        #expect(await comes { registry.servedCount == 0 }, "somebody serves a place that is empty")
        let isBack = await comes { Resources.now.isWithin(before) }
        // The figure of Hardware/README.md.
        print("\(Self.cycles) times plugged and unplugged: before \(before), after \(Resources.now)")
        #expect(isBack, "before \(before), after \(Resources.now)")
        running.cancel()
        await running.value
        await bus.close()
    }

    private static func code<Value>(_ body: () async throws(DeviceError) -> Value) async -> DeviceError.Code? {
        do throws(DeviceError) {
            _ = try await body()
            return nil
        } catch {
            return error.code
        }
    }
}

/// What a process holds.
private struct Resources: CustomStringConvertible {
    var descriptors: Int
    var threads: Int
    var kilobytes: Int

    static var now: Resources {
        var kilobytes = 0
        if let file = fopen("/proc/self/statm", "r") {
            var line = [CChar](repeating: 0, count: 128)
            if fgets(&line, 128, file) != nil {
                let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
                kilobytes = (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(getpagesize()) / 1024
            }
            fclose(file)
        }
        return Resources(descriptors: count("/proc/self/fd"), threads: count("/proc/self/task"), kilobytes: kilobytes)
    }

    /// Descriptors and threads are where they were; memory, which the allocator does not give back at once, within 8 MiB.
    func isWithin(_ before: Resources) -> Bool {
        descriptors <= before.descriptors && threads <= before.threads && kilobytes <= before.kilobytes + 8192
    }

    var description: String { "\(descriptors) descriptors, \(threads) threads, \(kilobytes) KiB" }

    private static func count(_ directory: String) -> Int {
        guard let stream = opendir(directory) else { return 0 }
        defer { closedir(stream) }
        var count = 0
        while readdir(stream) != nil { count += 1 }
        return count
    }
}
