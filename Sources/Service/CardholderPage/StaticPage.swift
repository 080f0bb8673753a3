/// One file of a page, built into the program, and the policy that it is served under.
public struct StaticPage: Sendable {
    public var path: String
    public var type: String
    public var bytes: [UInt8]

    public init(path: String, type: String, bytes: [UInt8]) {
        self.path = path
        self.type = type
        self.bytes = bytes
    }

    /// - Parameter connect: addresses that scripts may connect to, besides their own server.
    /// - Returns: `nil` when there is no such file.
    public static func response(_ path: String, in files: [StaticPage], connect: [String]) -> LoopbackResponse? {
        guard let file = files.first(where: { $0.path == path }) else { return nil }
        var response = LoopbackResponse(contentType: file.type + "; charset=utf-8", body: file.bytes)
        response.headers = [
            (
                "Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
                    + "frame-ancestors 'none'; connect-src \((["'self'"] + connect).joined(separator: " "))"
            ),
            ("Referrer-Policy", "no-referrer"),
        ]
        return response
    }
}
