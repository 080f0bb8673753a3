import Glibc
import Testing

@testable import USB

/// On whatever machine this runs; where there is no USB, nobody is there.
@Suite("LibUSBBus on this machine", .serialized, .timeLimit(.minutes(1)))
struct LibUSBBusTests {
    /// Names of this process' threads that belong to a bus.
    private static func threads() -> [String] {
        names(in: "/proc/self/task").compactMap { text("/proc/self/task/\($0)/comm") }.filter {
            $0.hasPrefix("usb-") || $0.hasPrefix("libusb")
        }
    }

    /// The kernel lists a thread for a moment after it was joined; one that never goes runs into the suite's time limit.
    private static func until(_ isTrue: () -> Bool) async {
        while !isTrue() { await Task.yield() }
    }

    private static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private static func text(_ file: String) -> String? {
        let descriptor = Glibc.open(file, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self).trimmingNewline : nil
    }

    private static func descriptorCount() -> Int { names(in: "/proc/self/fd").count }

    @Test("it starts, shows what sysfs shows, and ends its streams and threads")
    func startAndClose() async throws {
        let bus = try LibUSBBus()
        // Threads name themselves once they run.
        await Self.until { Set(Self.threads()).isSuperset(of: ["usb-events", "usb-commands", "usb-udev"]) }
        // Interfaces are named with a colon; the rest are devices.
        let present = Set(Self.names(in: "/sys/bus/usb/devices").filter { !$0.contains(":") })
        #expect(Set(bus.devices.map(\.path.description)) == present)
        let events = try await bus.events()
        await bus.close()
        var attached: Set<String> = []
        for await event in events {
            if case .attached(let info) = event { attached.insert(info.path.description) }
        }
        #expect(attached == present)
        await Self.until { Self.threads().isEmpty }
    }

    @Test("opening where nothing is answers noDevice, after closing closed")
    func openNothing() async throws {
        let bus = try LibUSBBus()
        let missing = await #expect(throws: USBError.self) { try await bus.open(USBBusPath("99-1.2.3")) }
        #expect(missing?.code == .noDevice)
        await bus.close()
        let open = await #expect(throws: USBError.self) { try await bus.open(USBBusPath("99-1.2.3")) }
        #expect(open?.code == .closed)
        let events = await #expect(throws: USBError.self) { _ = try await bus.events() }
        #expect(events?.code == .closed)
        // Twice is fine.
        await bus.close()
    }

    @Test("opening and closing many times leaves neither threads nor descriptors")
    func noLeak() async throws {
        let first = try LibUSBBus()
        await first.close()
        let before = Self.descriptorCount()
        for _ in 0..<20 {
            let bus = try LibUSBBus(rescan: .milliseconds(1))
            await bus.close()
        }
        // Other tests of this process may have files open for a moment.
        #expect(Self.descriptorCount() <= before + 5)
        await Self.until { Self.threads().isEmpty }
    }

    @Test("a device that libusb does not have cannot be opened, and that is no crash")
    func openThroughLibUSB() async throws {
        let context = try LibUSBContext()
        let error = await #expect(throws: USBError.self) {
            _ = try await context.commands.run { () throws(USBError) in try context.openBlocking(USBBusPath("99-1.2.3")) }
        }
        #expect(error?.code == .noDevice)
        await context.end()
        let late = await #expect(throws: USBError.self) { try await context.commands.run { () throws(USBError) in } }
        #expect(late?.code == .closed)
    }

    @Test("commands run one after the other, in the order in which they were given")
    func commandsInOrder() async throws {
        let commands = try CommandThread("usb-test")
        var sum = 0
        for number in 0..<1000 {
            sum += try await commands.run { () throws(USBError) in number }
        }
        #expect(sum == 499_500)
        let error = await #expect(throws: USBError.self) {
            try await commands.run { () throws(USBError) in throw USBError(.stall, "as told") }
        }
        #expect(error?.code == .stall)
        await commands.end()
        await Self.until { !Self.threads().contains("usb-test") }
    }
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
