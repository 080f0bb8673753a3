import NIOHTTP1

/// What an HTTP request at the POS ports is answered with (pos-protocol, section 1; RFC 6455, 4.2.1).
struct HandshakeRules: Sendable {
    enum Verdict: Equatable {
        case upgrade
        /// The static page: a person who wants to accept our certificate.
        case page
        /// Numbers for a monitor, at `/metrics`.
        case metrics
        case refuse(HTTPResponseStatus)
    }

    /// Origins whose scripts may connect, as a browser writes them; `nil` for any.
    var origins: Set<String>?

    func verdict(on request: HTTPRequestHead) -> Verdict {
        let headers = request.headers
        let path = request.uri.prefix { $0 != "?" }
        if path == "/metrics", request.method == .GET || request.method == .HEAD, headers[canonicalForm: "upgrade"].isEmpty {
            return .metrics
        }
        guard path == "/" else { return .refuse(.notFound) }
        let wantsUpgrade = headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
        guard wantsUpgrade else {
            return request.method == .GET || request.method == .HEAD ? .page : .refuse(.methodNotAllowed)
        }
        guard request.method == .GET, request.version == .http1_1,
            headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" }),
            headers["sec-websocket-key"].count == 1, let key = headers.first(name: "sec-websocket-key"), Self.isKey(key)
        else { return .refuse(.badRequest) }
        guard headers["sec-websocket-version"] == ["13"] else { return .refuse(.upgradeRequired) }
        if let origins, !headers["origin"].allSatisfy({ origins.contains($0) }) { return .refuse(.forbidden) }
        return .upgrade
    }

    /// 16 bytes in base64: 22 characters and two `=`.
    private static func isKey(_ text: String) -> Bool {
        let units = Array(text.utf8)
        guard units.count == 24, units.suffix(2) == [0x3D, 0x3D] else { return false }
        return units.prefix(22).allSatisfy {
            switch $0 {
            case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x2B, 0x2F: true
            default: false
            }
        }
    }
}
