/// The console's files, built into the program.
enum ConsolePage {
    /// - Parameter pos: the WebSocket addresses that the page may connect to, besides its own server.
    /// - Returns: `nil` when there is no such file.
    static func at(_ path: String, pos: [String]) -> ControlResponse? {
        guard let file = files.first(where: { $0.path == path }) else { return nil }
        var response = ControlResponse(contentType: file.type + "; charset=utf-8", body: file.bytes)
        response.headers = [
            (
                "Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
                    + "frame-ancestors 'none'; connect-src 'self' \(pos.joined(separator: " "))"
            ),
            ("Referrer-Policy", "no-referrer"),
        ]
        return response
    }

    private struct File {
        var path: String
        var type: String
        var bytes: [UInt8]
    }

    private static let files = [
        File(path: "/", type: "text/html", bytes: PackageResources.console_html),
        File(path: "/console.css", type: "text/css", bytes: PackageResources.console_css),
        File(path: "/console.js", type: "text/javascript", bytes: PackageResources.console_js),
        File(path: "/pos.js", type: "text/javascript", bytes: PackageResources.pos_js),
        File(path: "/cardholder.js", type: "text/javascript", bytes: PackageResources.cardholder_js),
        File(path: "/host.js", type: "text/javascript", bytes: PackageResources.host_js),
        File(path: "/rehearsals.js", type: "text/javascript", bytes: PackageResources.rehearsals_js),
        File(path: "/results.js", type: "text/javascript", bytes: PackageResources.results_js),
        File(path: "/operations.json", type: "application/json", bytes: PackageResources.operations_json),
    ]
}
