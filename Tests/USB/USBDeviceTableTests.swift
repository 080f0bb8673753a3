import Testing
import USB

@Suite("What is news on a bus")
struct USBDeviceTableTests {
    static func device(_ path: String, node: String? = nil) -> USBDeviceInfo {
        USBDeviceInfo(
            path: USBBusPath(path), descriptor: USBDeviceDescriptor(vendorID: 1, productID: 2, release: 3, configurations: []), node: node)
    }

    static func text(_ events: [USBBusEvent]) -> [String] {
        events.map { event in
            switch event {
            case .attached(let info): "+\(info.path) \(info.node ?? "")"
            case .detached(let path): "-\(path)"
            }
        }
    }

    @Test("a device is attached once, whoever reports it")
    func duplicateAdd() {
        var table = USBDeviceTable()
        #expect(Self.text(table.attached(Self.device("3-1", node: "a"))) == ["+3-1 a"])
        #expect(table.attached(Self.device("3-1", node: "a")).isEmpty)
        #expect(table.scanned([Self.device("3-1", node: "a")]).isEmpty)
    }

    @Test("the same place with another address is another plugging-in, even when the removal was missed")
    func missedRemoval() {
        var table = USBDeviceTable()
        _ = table.attached(Self.device("3-1", node: "a"))
        #expect(Self.text(table.attached(Self.device("3-1", node: "b"))) == ["-3-1", "+3-1 b"])
        #expect(Self.text(table.scanned([Self.device("3-1", node: "c")])) == ["-3-1", "+3-1 c"])
        #expect(table.present.map(\.node) == ["c"])
    }

    @Test("a look around tells what was missed both ways")
    func scan() {
        var table = USBDeviceTable()
        _ = table.attached(Self.device("1-1", node: "a"))
        _ = table.attached(Self.device("1-2", node: "b"))
        #expect(Self.text(table.scanned([Self.device("1-2", node: "b"), Self.device("1-3", node: "c")])) == ["-1-1", "+1-3 c"])
        #expect(table.present.map(\.path.description) == ["1-2", "1-3"])
    }

    @Test("the removal of an unknown device is no news, nor that of one that another has followed")
    func lateRemoval() {
        var table = USBDeviceTable()
        #expect(table.detached(USBBusPath("1-1")).isEmpty)
        _ = table.attached(Self.device("1-1", node: "b"))
        #expect(table.detached(USBBusPath("1-1"), node: "a").isEmpty)
        #expect(Self.text(table.detached(USBBusPath("1-1"), node: "b")) == ["-1-1"])
        #expect(table.present.isEmpty)
    }

    @Test("every stream begins with those present, hears all later changes, and ends")
    func streams() async throws {
        let presence = USBPresence()
        presence.attached(Self.device("1-1"))
        let early = try #require(presence.events())
        presence.attached(Self.device("1-2"))
        let late = try #require(presence.events())
        presence.detached(USBBusPath("1-1"))
        presence.finish()
        var heard: [USBBusEvent] = []
        for await event in early { heard.append(event) }
        #expect(Self.text(heard) == ["+1-1 ", "+1-2 ", "-1-1"])
        heard = []
        for await event in late { heard.append(event) }
        #expect(Self.text(heard) == ["+1-1 ", "+1-2 ", "-1-1"])
        #expect(presence.events() == nil)
    }
}
