import ISO8583
import JSON
import Testing

@testable import Lab

@Suite("The control interface's side of the host")
struct HostControlTests {
    @Test("A body changes what it names and nothing else")
    func changes() throws {
        var faults = HostFaults()
        faults.latencyMilliseconds = 70
        try HostControl.change(["mode": "silent", "next": "decline"]).apply(to: &faults)
        #expect(faults.mode == .silent && faults.next == .decline && faults.latencyMilliseconds == 70)
        try HostControl.change(["latencyMs": 3000, "lateMs": 31_000]).apply(to: &faults)
        #expect(faults.mode == .silent && faults.latencyMilliseconds == 3000 && faults.lateMilliseconds == 31_000)
        try HostControl.change(["next": .null]).apply(to: &faults)
        #expect(faults.next == nil)
    }

    @Test(
        "Every mode of the contract is known",
        arguments: "approve decline silent late garbage disconnect refuse badMAC duplicate".split(separator: " "))
    func modes(mode: Substring) throws {
        #expect(try HostControl.change(["mode": .string(String(mode))]).mode?.rawValue == String(mode))
    }

    @Test(
        "A wrong body is refused with the field and what is allowed",
        arguments: [
            (["mode": "sleepy"], "mode must be one of approve"), (["mode": 1], "mode must be one of"), (["next": "refuse"], "next"),
            (["latencyMs": -1], "latencyMs must be"), (["latencyMs": "5"], "latencyMs must be"), (["lateMs": 3_600_001], "lateMs must be"),
            (["keyChange": "never"], "keyChange must be one of offer"), (["moode": "silent"], "There is no moode"),
            ([], "must be a JSON object"), (.object(JSONObject()), "names nothing"),
        ] as [(JSONValue, String)])
    func refusals(body: JSONValue, message: String) {
        let error = #expect(throws: LabError.self) { try HostControl.change(body) }
        #expect(error?.code == .badRequest)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test("State names mode, latency and the check values of the keys")
    func state() throws {
        var faults = HostFaults()
        faults.mode = .late
        faults.latencyMilliseconds = 5
        let state = HostControl.state(faults, HostMACKeys(LabKeys.hostMAC), try Dialect.named("iso8583-1993"))
        #expect(state["mode"] == "late" && state["latencyMs"] == 5 && state["keyChange"] == "offer")
        // The check value of the example key of RFC 4493: its CMAC over sixteen zero bytes.
        #expect(state["macKey"]?.string?.utf8.count == 10 && state["offeredKey"] == .null)
    }

    @Test("The ledger is the JSON of the contract")
    func ledger() {
        var script = LedgerScript()
        script.send("1200", 1, amount: 500)
        script.send("1200", 2, amount: 200, processing: "200000", batch: "000002")
        script.ledger.record(
            LedgerMessage(time: "T", direction: .received, messageType: "1200", stan: "000001", fields: [11: "000001", 3: "000000"]))
        #expect(
            script.ledger.json.text
                == #"{"messages":[{"time":"T","direction":"in","mti":"1200","stan":"000001","fields":{"3":"000000","11":"000001"}}],"#
                + #""transactions":[{"stan":"000001","rrn":"RRN1","terminal":"TERM0001","batch":"000001","account":"476173******0119","#
                + #""type":"SALE","net":500,"hold":0,"state":"approved"},{"stan":"000002","rrn":"RRN2","terminal":"TERM0001","#
                + #""batch":"000002","account":"476173******0119","type":"REFUND","net":-200,"hold":0,"state":"approved"}],"#
                + #""net":{"000001":500,"000002":-200}}"#)
    }
}
