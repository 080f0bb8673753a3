import Testing

@testable import TerminalAPI

@Suite("Address ranges of pos.allow")
struct AddressRangeTests {
    @Test(
        "an address is in a range",
        arguments: [
            ("192.168.1.0/24", "192.168.1.255", true), ("192.168.1.0/24", "192.168.2.0", false), ("10.0.0.0/8", "10.255.0.1", true),
            ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false), ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false), ("::1/128", "::1", true), ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false), ("127.0.0.0/8", "::ffff:127.0.0.1", true), ("fe80::/10", "fe80::1%eth0", true),
        ])
    func contains(_ range: String, _ address: String, _ expected: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(try #require(IPAddress(address))) == expected)
    }

    @Test(
        "what is no range is refused",
        arguments: [
            "", "/", "/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.1/8", "::1/129", "host/8", "10.0.0/8",
            "10.0.0.0/ 8",
        ])
    func refused(_ text: String) { #expect(AddressRange(text) == nil) }

    @Test("an IPv4 address is the same peer on a dual-stack socket")
    func mapped() {
        #expect(IPAddress("::ffff:192.0.2.1") == IPAddress("192.0.2.1"))
        #expect(IPAddress("::ffff:192.0.2.1")?.description == "192.0.2.1")
        #expect(IPAddress("127.9.9.9")?.isLoopback == true)
        #expect(IPAddress("128.0.0.1")?.isLoopback == false)
    }
}
