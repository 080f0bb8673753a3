import FoundationEssentials
import Terminal
import Testing

@Suite("Parameters: type, range, standard, persistence (pos-protocol, section 6)")
struct TerminalParametersTests {
    private func set(_ parameters: TerminalParameters, _ key: String, _ value: String, security: Bool = true) throws -> [String] {
        try parameters.set([.init(key: key, value: value)], mayChangeSecurity: security)
    }

    @Test("every known key has its standard, which is itself a value of its kind")
    func standards() throws {
        let parameters = try TerminalParameters(path: nil)
        for definition in ParameterDefinition.all {
            #expect(parameters[definition.key] == definition.standard)
            #expect(try set(parameters, definition.key, definition.standard) == [])
        }
        #expect(parameters.all.map(\.key) == ParameterDefinition.all.map(\.key))
    }

    @Test(
        "a bad value of a known key is refused, and none of the others is set",
        arguments: [
            ("TAXPERCENT", "8.255"), ("TAXPERCENT", "100.01"), ("TAXPERCENT", "-1"), ("TAXPERCENT", ".5"), ("LANG", "3"), ("LANG", "en"),
            ("ENGVAR", "2"), ("NUMLOGDAYS", "0"), ("NUMBATCHSAVEDAYS", "99999999999999999999"), ("TIP", "yes"), ("TIPCHOICES", "15,,20"),
            ("TIPCHOICES", "10,15,18,20,25"), ("TIPCHOICES", "0"), ("CARDTIMEOUT", "61"), ("CARDHOLDERTIMEOUT", "76"), ("HOSTTIMEOUT", "4"),
            ("RESTARTTIME", "2400"), ("RESTARTTIME", "0360"), ("RESTARTTIME", "300"), ("SETTLETIME", "2360"), ("HWVENDORID", "ä"),
            ("SAFENABLED", "2"), ("REFUNDLIMIT", "1000000000000"),
        ])
    func badValues(_ key: String, _ value: String) throws {
        let parameters = try TerminalParameters(path: nil)
        do throws(TerminalParameters.Refusal) {
            _ = try parameters.set([.init(key: "HWVENDORID", value: "X"), .init(key: key, value: value)], mayChangeSecurity: true)
            Issue.record("accepted")
        } catch {
            guard case .badValue(key: key, _) = error else {
                Issue.record("\(error)")
                return
            }
        }
        #expect(parameters["HWVENDORID"] == "")
    }

    @Test("percentages are read in hundredths, never in floating point")
    func percent() throws {
        let parameters = try TerminalParameters(path: nil)
        for (text, hundredths) in [("8.25", 825), ("8.5", 850), ("8", 800), ("0.05", 5), ("100", 10_000)] {
            _ = try set(parameters, "TAXPERCENT", text)
            #expect(parameters.hundredths("TAXPERCENT") == hundredths)
        }
    }

    @Test("an empty value gives the standard back")
    func empty() throws {
        let parameters = try TerminalParameters(path: nil)
        _ = try set(parameters, "CARDTIMEOUT", "30")
        #expect(parameters.number("CARDTIMEOUT") == 30)
        _ = try set(parameters, "CARDTIMEOUT", "")
        #expect(parameters.number("CARDTIMEOUT") == 60)
    }

    @Test("unknown keys are stored and named, up to a limit")
    func unknown() throws {
        let parameters = try TerminalParameters(path: nil)
        #expect(try set(parameters, "SOMEPTAKEY", "x") == ["SOMEPTAKEY"])
        #expect(parameters["SOMEPTAKEY"] == "x" && parameters.all.last?.key == "SOMEPTAKEY")
        #expect(throws: TerminalParameters.Refusal.tooMany) {
            try parameters.set((0..<256).map { .init(key: "K\($0)", value: "1") }, mayChangeSecurity: true)
        }
        #expect(parameters["K0"] == nil)
    }

    @Test("a security parameter needs the right; the others do not")
    func security() throws {
        let parameters = try TerminalParameters(path: nil)
        for definition in ParameterDefinition.all where definition.isSecurity {
            #expect(throws: TerminalParameters.Refusal.notAllowed(key: definition.key)) {
                try set(parameters, definition.key, definition.standard, security: false)
            }
        }
        #expect(try set(parameters, "LANG", "2", security: false) == [])
        #expect(parameters.language == .spanish)
    }

    @Test("what was set is there after a restart; the configuration's standards hold until then")
    func persistence() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "parameters-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.path() + "/parameters.json"
        let first = try TerminalParameters(path: path, standards: ["CARDTIMEOUT": "45"])
        #expect(first.number("CARDTIMEOUT") == 45)
        _ = try first.set([.init(key: "CARDTIMEOUT", value: "20"), .init(key: "PTAKEY", value: "ü\"")], mayChangeSecurity: false)
        let second = try TerminalParameters(path: path, standards: ["CARDTIMEOUT": "45"])
        #expect(second.number("CARDTIMEOUT") == 20 && second["PTAKEY"] == "ü\"")
        _ = FileManager.default.createFile(
            atPath: path, contents: Array("[".utf8).withUnsafeBytes { Data($0) }, attributes: [.posixPermissions: 0o600])
        #expect(throws: (any Error).self) { try TerminalParameters(path: path) }
    }
}
