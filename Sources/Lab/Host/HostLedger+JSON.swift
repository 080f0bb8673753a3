import JSON

extension HostLedger {
    /// The body of `GET /lab/host/ledger` (`lab-control`).
    public var json: JSONValue {
        var net = JSONObject()
        for (batch, value) in netByBatch.sorted(by: { $0.key < $1.key }) { net.append(batch, .integer(value)) }
        return [
            "messages": .array(messages.map { .object($0.json) }), "transactions": .array(transactions.map(\.json)), "net": .object(net),
        ]
    }
}

extension LedgerTransaction {
    var json: JSONValue {
        [
            "stan": .string(key.stan), "rrn": .string(retrievalReference), "terminal": .string(key.terminal), "batch": .string(batch),
            "account": .string(account), "type": .string(type), "net": .integer(net), "hold": .integer(hold),
            "state": .string(state.rawValue),
        ]
    }
}

extension LedgerMessage {
    var json: JSONObject {
        var object = JSONObject()
        object.append("time", time)
        object.append("direction", direction.rawValue)
        object.append("mti", messageType)
        object.append("stan", stan)
        var byNumber = JSONObject()
        for (number, value) in fields.sorted(by: { $0.key < $1.key }) { byNumber.append(String(number), value) }
        object.append("fields", .object(byNumber))
        return object
    }

    /// `nil` for anything that `json` does not write.
    init?(json: JSONValue) {
        guard let time = json["time"]?.string, let direction = json["direction"]?.string.flatMap(Direction.init(rawValue:)),
            let messageType = json["mti"]?.string, let stan = json["stan"]?.string, let object = json["fields"]?.object
        else { return nil }
        var fields: [Int: String] = [:]
        for member in object.members {
            guard let number = Int(member.name), let value = member.value.string else { return nil }
            fields[number] = value
        }
        self.init(time: time, direction: direction, messageType: messageType, stan: stan, fields: fields)
    }
}
