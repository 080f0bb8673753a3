import Service

/// The console's files, built into the program.
enum ConsolePage {
    /// - Parameter pos: the WebSocket addresses that the page may connect to, besides its own server.
    /// - Returns: `nil` when there is no such file.
    static func at(_ path: String, pos: [String]) -> LoopbackResponse? { StaticPage.response(path, in: files, connect: pos) }

    private static let files = [
        StaticPage(path: "/", type: "text/html", bytes: PackageResources.console_html),
        StaticPage(path: "/console.css", type: "text/css", bytes: PackageResources.console_css),
        StaticPage(path: "/console.js", type: "text/javascript", bytes: PackageResources.console_js),
        StaticPage(path: "/pos.js", type: "text/javascript", bytes: PackageResources.pos_js),
        StaticPage(path: "/cardholder.js", type: "text/javascript", bytes: PackageResources.cardholder_js),
        StaticPage(path: "/host.js", type: "text/javascript", bytes: PackageResources.host_js),
        StaticPage(path: "/rehearsals.js", type: "text/javascript", bytes: PackageResources.rehearsals_js),
        StaticPage(path: "/results.js", type: "text/javascript", bytes: PackageResources.results_js),
        StaticPage(path: "/operations.json", type: "application/json", bytes: PackageResources.operations_json),
    ]
}
