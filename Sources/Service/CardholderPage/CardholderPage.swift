import Devices
import JSON
import Listening
import NIOPosix
import Synchronization
import Terminal

/// The cardholder display as a page for a kiosk browser on this machine: what is shown goes out as server-sent events, what the cardholder does comes
/// back as `POST /answer`. It shows no PIN and takes none; card data never comes near it.
final class CardholderPage: CardholderDisplay {
    private struct State {
        var shown: DisplayMessage
        var viewers = Listeners<DisplayMessage>()
        var terminal = Listeners<CardholderAnswer>()
        var server: LoopbackServer?
    }

    private let state: Mutex<State>
    /// Pages that are open now. Counted apart from the lock, see `Listeners`.
    private let pages = Atomic<Int>(0)

    init(language: String) {
        let texts = CardholderText(Language(rawValue: language) ?? .english)
        state = Mutex(State(shown: DisplayMessage(.welcome, text: texts.welcome, language: language)))
    }

    // MARK: CardholderDisplay

    func show(_ message: DisplayMessage) async {
        state.withLock {
            $0.shown = message
            $0.viewers.tell(message)
        }
    }

    func answers() -> AsyncStream<CardholderAnswer>? { state.withLock { $0.terminal.add() } }

    /// A page that is not open can neither show nor ask.
    var abilities: DisplayAbilities { pages.load(ordering: .relaxed) > 0 ? .all : [] }

    // MARK: Server

    /// - Returns: the port opened.
    func open(port: Int) async throws -> Int {
        let server = try await LoopbackServer.start(port: port, on: MultiThreadedEventLoopGroup.singleton) { [weak self] request in
            self?.answer(request) ?? Self.text("The terminal ends.", status: 503)
        }
        state.withLock { $0.server = server }
        return server.port
    }

    func close() async {
        let server = state.withLock { state in
            state.viewers.finish()
            state.terminal.finish()
            return state.server
        }
        await server?.close()
    }

    func answer(_ request: LoopbackRequest) -> LoopbackResponse {
        switch (request.method, request.path) {
        case ("GET", "/events"): return LoopbackResponse(contentType: "text/event-stream", stream: events())
        case ("GET", "/texts"): return LoopbackResponse(contentType: "application/json", body: Self.texts.bytes)
        case ("POST", "/answer"):
            guard let object = (try? JSONValue(parsing: request.body))?.object, let answer = CardholderAnswer(json: object) else {
                return Self.text("Not an answer.", status: 400)
            }
            state.withLock { $0.terminal.tell(answer) }
            return LoopbackResponse(status: 204, contentType: "text/plain", body: [])
        case ("GET", let path):
            return StaticPage.response(path, in: Self.files, connect: []) ?? Self.text("There is nothing here.", status: 404)
        default: return Self.text("There is nothing here.", status: 404)
        }
    }

    private func events() -> AsyncStream<[UInt8]> {
        // Only the newest matters to a page that was slow.
        let messages = state.withLock { $0.viewers.add(first: [$0.shown], buffering: .bufferingNewest(1)) }
        pages.add(1, ordering: .relaxed)
        return AsyncStream { continuation in
            let task = Task {
                for await message in messages { continuation.yield(Array("data: \(JSONValue.object(message.json).text)\n\n".utf8)) }
                continuation.finish()
            }
            continuation.onTermination = { [weak self] _ in
                task.cancel()
                self?.pages.subtract(1, ordering: .relaxed)
            }
        }
    }

    private static func text(_ text: String, status: Int) -> LoopbackResponse {
        LoopbackResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
    }

    /// What the page itself writes, by language.
    private static let texts: JSONValue = {
        let keys = [
            "button.clear", "button.ok", "button.cancel", "items.subtotal", "items.tax", "items.total", "page.pin", "page.sign",
            "page.away",
        ]
        var languages = JSONObject()
        for language in Language.allCases {
            var texts = JSONObject()
            for key in keys { texts.append(key, .string(CardholderText(language).text(key))) }
            languages.append(language.rawValue, .object(texts))
        }
        return .object(languages)
    }()

    private static let files = [
        StaticPage(path: "/", type: "text/html", bytes: PackageResources.display_html),
        StaticPage(path: "/display.css", type: "text/css", bytes: PackageResources.display_css),
        StaticPage(path: "/display.js", type: "text/javascript", bytes: PackageResources.display_js),
        StaticPage(path: "/keyboard.js", type: "text/javascript", bytes: PackageResources.keyboard_js),
    ]
}
