import Devices
import JSON
import Service
import Terminal

/// The control interface: HTTP and JSON on the console port.
extension Store {
    func answer(_ request: LoopbackRequest) async -> LoopbackResponse {
        do {
            switch (request.method, request.path) {
            case ("GET", "/lab/console"): return json(try console())
            case ("GET", "/lab/events"): return LoopbackResponse(contentType: "text/event-stream", stream: events())
            case ("GET", "/lab/state"): return json(state)
            case ("GET", "/lab/printer"): return json(printedReceipts)
            case ("GET", "/lab/log"): return LoopbackResponse(contentType: "text/plain; charset=utf-8", body: files.log())
            case ("GET", "/lab/host/ledger"): return json(try simulator().ledger.json)
            case ("POST", "/lab/card"): try await cardAction(try body(request))
            case ("POST", "/lab/display"): try displayAction(try body(request))
            case ("POST", "/lab/device"): try deviceAction(try body(request))
            case ("POST", "/lab/host"): try await simulator().apply(try HostControl.change(try body(request)))
            case ("POST", "/lab/terminal"): return json(try await terminalAction(try body(request)))
            case ("POST", "/lab/pinpad"): try await pinPadAction(try body(request))
            case ("GET", let path):
                guard let page = ConsolePage.at(path, pos: [posAddress, posTLSAddress]) else {
                    throw LabError(.notFound, "There is no GET \(path).")
                }
                return page
            default: throw LabError(.notFound, "There is no \(request.method) \(request.path).")
            }
            return json(["ok": true])
        } catch let error as LabError {
            return json(["error": .string(error.message)], status: error.code == .notFound ? 404 : 400)
        } catch {
            return json(["error": .string("\(error)")], status: 400)
        }
    }

    // MARK: What is

    var state: JSONValue {
        [
            "terminal": ["running": .bool(process != nil), "pid": process.map { .integer(Int64($0.pid)) } ?? .null],
            "devices": devicesState,
            "display": .object(display.json),
            "automatic": automaticCard.map(JSONValue.string) ?? .null, "armed": armedPoint.map(JSONValue.string) ?? .null,
            "host": host?.state ?? .null,
        ]
    }

    // MARK: What is done

    private func cardAction(_ body: JSONValue) async throws {
        if let automatic = body["automatic"] {
            guard automatic == .null || automatic.string != nil else { throw LabError(.badRequest, "automatic is a card's name or null.") }
            return try setAutomatic(automatic.string)
        }
        let action = try text("action", in: body)
        let readers: [String: StoreDeviceName] = [
            "insert": .chip, "remove": .chip, "tap": .contactless, "swipe": .stripe, "key": .pinpad,
        ]
        guard let meant = readers[action] else { throw LabError(.badRequest, "action is insert, remove, tap, swipe or key.") }
        if let reader = body["reader"]?.string, reader != meant.rawValue {
            throw LabError(.unknownDevice, "There is no reader \(reader.prefix(40)) to \(action) a card; there is \(meant.rawValue).")
        }
        switch action {
        case "insert": try insert(try text("card", in: body))
        case "tap": try await tap(try text("card", in: body))
        case "swipe": try swipe(try text("card", in: body))
        case "key": try await key(try text("card", in: body))
        default: removeCard()
        }
    }

    private func displayAction(_ body: JSONValue) throws(LabError) {
        if let button = body["press"]?.string { return press(button) }
        guard var object = body.object, object["pressed"] == nil else { throw LabError(.badRequest, "press is missing or not a string.") }
        object["screen"] = .integer(Int64(display.screen))
        guard let given = CardholderAnswer(json: object) else {
            throw LabError(.badRequest, "The display takes press, entered, signed or cancelled.")
        }
        answer(given)
    }

    private func pinPadAction(_ body: JSONValue) async throws {
        let names = body["keys"]?.string.map { $0.map(String.init) } ?? body["key"]?.string.map { [$0] }
        guard let names, !names.isEmpty, names.count <= 19 else {
            throw LabError(.badRequest, "keys are digits, or key is enter, clear or cancel.")
        }
        let keys = names.compactMap { PINPadKey($0) }
        guard keys.count == names.count else { throw LabError(.badRequest, "keys are digits, or key is enter, clear or cancel.") }
        try await press(keys)
    }

    private func deviceAction(_ body: JSONValue) throws {
        let text = try text("device", in: body)
        guard let device = StoreDeviceName(rawValue: text) else {
            throw LabError(.unknownDevice, "There is no device \(text.prefix(40)); there are \(StoreDeviceName.list).")
        }
        switch try self.text("action", in: body) {
        case "unplug": try unplug(device)
        case "plug": try plug(device)
        case "stall": try disturb(device, .stall())
        case "garble": try disturb(device, .garble())
        case "slow": try disturb(device, .slow(.milliseconds(500)))
        case "encrypt" where device == .pinpad: try loadTrackKey()
        default: throw LabError(.badRequest, "action is unplug, plug, stall, garble or slow; of the pinpad also encrypt.")
        }
    }

    private func terminalAction(_ body: JSONValue) async throws -> JSONValue {
        switch try text("action", in: body) {
        case "kill":
            guard let point = body["at"] else {
                await killTerminal()
                return ["ok": true]
            }
            guard let name = point.string, TransactionPoint(rawValue: name) != nil else {
                throw LabError(.badRequest, "at is one of \(TransactionPoint.allCases.map(\.rawValue).joined(separator: ", ")).")
            }
            try await arm(name)
            return ["ok": true]
        case "start":
            _ = try await startTerminal()
            return ["ok": true, "terminalPID": .integer(Int64(process?.pid ?? 0))]
        default: throw LabError(.badRequest, "action is kill or start.")
        }
    }

    private func simulator() throws(LabError) -> HostSimulator {
        guard let host else { throw LabError(.notFound, "The terminal talks to an outside host; the lab knows nothing of it.") }
        return host
    }

    // MARK: Reading and writing

    private func body(_ request: LoopbackRequest) throws(LabError) -> JSONValue {
        do { return try JSONValue(parsing: request.body) } catch { throw LabError(.badRequest, "The body is not JSON: \(error)") }
    }

    private func text(_ name: String, in body: JSONValue) throws(LabError) -> String {
        guard let text = body[name]?.string else { throw LabError(.badRequest, "\(name) is missing or not a string.") }
        return text
    }

    private func json(_ value: JSONValue, status: Int = 200) -> LoopbackResponse {
        LoopbackResponse(status: status, contentType: "application/json", body: value.bytes)
    }
}
