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
            case ("GET", "/lab/log"): return LoopbackResponse(contentType: "text/plain; charset=utf-8", body: files.log())
            case ("GET", "/lab/host/ledger"): return json(try simulator().ledger.json)
            case ("POST", "/lab/card"): try cardAction(try body(request))
            case ("POST", "/lab/display"): try displayAction(try body(request))
            case ("POST", "/lab/device"): try deviceAction(try body(request))
            case ("POST", "/lab/host"): try await simulator().apply(try HostControl.change(try body(request)))
            case ("POST", "/lab/terminal"): return json(try await terminalAction(try body(request)))
            case ("POST", "/lab/pinpad"): throw LabError(.unknownDevice, "The store has no PIN pad yet.")
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
            "devices": [
                ["name": "chip", "kind": "chip", "plugged": .bool(isChipPlugged), "card": insertedCard.map(JSONValue.string) ?? .null]
            ],
            "display": .object(display.json),
            "automatic": automaticCard.map(JSONValue.string) ?? .null, "armed": armedPoint.map(JSONValue.string) ?? .null,
            "host": host?.state ?? .null,
        ]
    }

    // MARK: What is done

    private func cardAction(_ body: JSONValue) throws {
        if let automatic = body["automatic"] {
            guard automatic == .null || automatic.string != nil else { throw LabError(.badRequest, "automatic is a card's name or null.") }
            return try setAutomatic(automatic.string)
        }
        let action = try text("action", in: body)
        if let reader = body["reader"]?.string, reader != "chip" {
            throw LabError(.unknownDevice, "There is no reader \(reader.prefix(40)).")
        }
        switch action {
        case "insert": try insert(try text("card", in: body))
        case "remove": removeCard()
        case "tap", "swipe": throw LabError(.unknownDevice, "The store has no reader for this yet.")
        default: throw LabError(.badRequest, "action is insert, remove, tap or swipe.")
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

    private func deviceAction(_ body: JSONValue) throws {
        let device = try text("device", in: body)
        guard device == "chip" else { throw LabError(.unknownDevice, "There is no device \(device.prefix(40)); there is chip.") }
        switch try text("action", in: body) {
        case "unplug": try unplugChip()
        case "plug": try plugChip()
        case "stall": try bus.inject(.stall(), at: Self.chipPath)
        case "garble": try bus.inject(.garble(), at: Self.chipPath)
        case "slow": try bus.inject(.slow(.milliseconds(500)), at: Self.chipPath)
        default: throw LabError(.badRequest, "action is unplug, plug, stall, garble or slow.")
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
