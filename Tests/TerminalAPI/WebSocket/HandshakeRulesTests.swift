import NIOHTTP1
import Testing

@testable import TerminalAPI

@Suite("HTTP requests at the POS ports")
struct HandshakeRulesTests {
    private func head(_ change: (inout HTTPRequestHead) -> Void = { _ in }) -> HTTPRequestHead {
        var head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/",
            headers: [
                "Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Version": "13",
            ])
        change(&head)
        return head
    }

    private let rules = HandshakeRules(origins: ["https://pos.example"])

    @Test("the request of RFC 6455, 1.3 upgrades; header values in any case, a query is ignored")
    func upgrades() {
        #expect(rules.verdict(on: head()) == .upgrade)
        #expect(rules.verdict(on: head { $0.uri = "/?till=1" }) == .upgrade)
        #expect(rules.verdict(on: head { $0.headers.replaceOrAdd(name: "Upgrade", value: "WebSocket") }) == .upgrade)
        #expect(rules.verdict(on: head { $0.headers.replaceOrAdd(name: "Connection", value: "keep-alive, upgrade") }) == .upgrade)
    }

    @Test("HTTP/1.0, two keys, a key of the wrong length are 400")
    func badRequests() {
        #expect(rules.verdict(on: head { $0.version = .http1_0 }) == .refuse(.badRequest))
        #expect(
            rules.verdict(on: head { $0.headers.add(name: "Sec-WebSocket-Key", value: "dGhlIHNhbXBsZSBub25jZQ==") }) == .refuse(.badRequest)
        )
        #expect(
            rules.verdict(on: head { $0.headers.replaceOrAdd(name: "Sec-WebSocket-Key", value: "dGhlIHNhbXBsZSBub25jZQ=") })
                == .refuse(.badRequest))
        #expect(rules.verdict(on: head { $0.method = .POST }) == .refuse(.badRequest))
    }

    @Test("/metrics is a page to read and no place to connect to")
    func metrics() {
        func page(_ method: HTTPMethod, _ uri: String = "/metrics") -> HandshakeRules.Verdict {
            rules.verdict(on: HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: ["Host": "localhost"]))
        }
        #expect(page(.GET) == .metrics && page(.HEAD) == .metrics && page(.GET, "/metrics?a=b") == .metrics)
        #expect(page(.POST) == .refuse(.notFound) && page(.GET, "/metrics/") == .refuse(.notFound))
        #expect(rules.verdict(on: head { $0.uri = "/metrics" }) == .refuse(.notFound))
    }

    @Test("two Origin headers must both be on the list")
    func origins() {
        #expect(rules.verdict(on: head { $0.headers.add(name: "Origin", value: "https://pos.example") }) == .upgrade)
        #expect(
            rules.verdict(
                on: head {
                    $0.headers.add(name: "Origin", value: "https://pos.example")
                    $0.headers.add(name: "Origin", value: "https://evil.example")
                }) == .refuse(.forbidden))
        #expect(HandshakeRules(origins: nil).verdict(on: head { $0.headers.add(name: "Origin", value: "null") }) == .upgrade)
    }
}
