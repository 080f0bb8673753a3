import Devices
import JSON
import Terminal

/// What `GetInformation` answers: names, formats and values.
enum InformationFields {
    static let dateTimePattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$"

    static let hostState = Field(
        "hostState", .choice(["connected", "connecting", "down"]), required: true, "The link to the payment host.")

    static let device: [Field] = [
        Field("kind", .choice(DeviceDescription.Kind.allCases.map(\.rawValue)), required: true, "What it is."),
        Field("model", .string(pattern: nil), required: true, "Its name."),
        Field("serialNumber", .string(pattern: nil), required: true, "Empty when it has none."),
        Field("state", .choice(["ready", "absent", "fault", "noPermission"]), required: true, "Whether it can be used."),
    ]

    static let all: [Field] = [
        Field("model", .string(pattern: nil), required: true, "Model of the terminal."),
        Field("serialNumber", .string(pattern: nil), required: true, "Its serial number."),
        Field("applicationName", .string(pattern: nil), required: true, "This program."),
        Field("applicationVersion", .string(pattern: nil), required: true, "Its version."),
        Field("terminalID", .string(pattern: nil), required: true, "Given by the acquirer."),
        Field("merchantID", .string(pattern: nil), required: true, "Given by the acquirer."),
        Field("dateTime", .string(pattern: dateTimePattern), required: true, "Now."),
        Field("uptimeSeconds", .string(pattern: "^[0-9]+$"), required: true, "Since the start."),
        Field("nextRestart", .string(pattern: dateTimePattern), required: true, "When it restarts next."),
        Field("batchNumber", .string(pattern: "^[0-9]{6,}$"), required: true, "The open batch."),
        Field("state", .choice(["idle", "busy"]), required: true, "Whether a transaction runs."), hostState,
        Field("pendingReversals", .string(pattern: "^[0-9]+$"), required: true, "Reversals not yet acknowledged."),
        Field("offlineCount", .string(pattern: "^[0-9]+$"), required: true, "Offline approvals not yet sent."),
        Field("devices", .list(0...64, .object(device)), required: true, "Every device seen."),
    ]

    static func value(_ terminal: TerminalInformation, _ times: POSMessageEncoder.Times) -> JSONValue {
        var object = JSONObject()
        object.append("model", .string(terminal.model))
        object.append("serialNumber", .string(terminal.serialNumber))
        object.append("applicationName", .string(terminal.applicationName))
        object.append("applicationVersion", .string(terminal.applicationVersion))
        object.append("terminalID", .string(terminal.terminalID))
        object.append("merchantID", .string(terminal.merchantID))
        object.append("dateTime", .string(times.dateTime))
        object.append("uptimeSeconds", .string(String(times.uptimeSeconds)))
        object.append("nextRestart", .string(times.nextRestart))
        object.append("batchNumber", .string(TransactionAnswerFields.batchText(terminal.batchNumber)))
        object.append("state", .string(terminal.activity.rawValue))
        object.append("hostState", .string(terminal.hostState.rawValue))
        object.append("pendingReversals", .string(String(terminal.pendingReversals)))
        object.append("offlineCount", .string(String(terminal.offlineCount)))
        object.append("devices", .array(terminal.devices.map(value)))
        return .object(object)
    }

    static func value(_ device: TerminalInformation.Device) -> JSONValue {
        var entry = JSONObject()
        entry.append("kind", .string(device.kind.rawValue))
        entry.append("model", .string(device.model))
        entry.append("serialNumber", device.serialNumber ?? "")
        entry.append("state", .string(device.state.rawValue))
        return .object(entry)
    }
}
