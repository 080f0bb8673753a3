import Testing

@testable import Service

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct ConfigurationTests {
    static let least = """
        terminal:
          id: "00000001"
          merchantID: M1
          merchantName: Corner Shop
        host:
          primary: 127.0.0.1:8583
        """

    private func fault(_ yaml: String) -> ConfigurationError? {
        do throws(ConfigurationError) {
            _ = try Configuration(yaml: yaml, file: "/etc/countertop/c.yaml")
            return nil
        } catch { return error }
    }

    @Test("What must be given suffices, everything else has its documented value")
    func standards() throws {
        let configuration = try Configuration(yaml: Self.least, file: "/etc/countertop/c.yaml")
        #expect(configuration.pos.port == 8442)
        #expect(configuration.pos.tlsPort == 8443)
        #expect(configuration.pos.allow == ["127.0.0.0/8", "::1/128"])
        #expect(configuration.merchant.currency.numericCode == 840)
        #expect(configuration.host.tls)
        #expect(configuration.limits.host == .seconds(30))
        #expect(configuration.pos.connectionLost == .reverse)
    }

    @Test("The kernel is an attended terminal of type 22 unless told otherwise")
    func kernel() throws {
        let standard = try Configuration(yaml: Self.least, file: "/c.yaml")
        #expect(standard.kernel.terminalType.rawValue == 0x22 && !standard.kernel.pinBypass && standard.kernel.cardholderSelection)
        #expect(standard.kernel.codeTables == [1] && standard.cardsFile == nil && standard.exceptionsFile == nil)
        let other = try Configuration(
            yaml: Self.least
                + "\nemv: {terminalType: 25, pinBypass: true, cardholderSelection: false, codeTables: [1, 5], cards: c.yaml, exceptions: e.txt, dataObjects: o.yaml}",
            file: "/etc/t.yaml")
        #expect(other.kernel.terminalType.rawValue == 0x25 && other.kernel.pinBypass && !other.kernel.cardholderSelection)
        #expect(other.kernel.codeTables == [1, 5] && other.cardsFile == "/etc/c.yaml" && other.exceptionsFile == "/etc/e.txt")
        #expect(standard.dataObjectsFile == nil && other.dataObjectsFile == "/etc/o.yaml")
    }

    @Test("Relative paths start at the file's folder")
    func relativePaths() throws {
        let configuration = try Configuration(yaml: Self.least + "\n  macKey: keys/mac\ndata: /srv/t", file: "/etc/countertop/c.yaml")
        #expect(configuration.host.macKey == "/etc/countertop/keys/mac")
        #expect(configuration.dataDirectory == "/srv/t")
    }

    @Test("An unknown key is named with its line and what is allowed there")
    func unknownKey() throws {
        let error = try #require(fault(Self.least + "\npos:\n  prot: 1"))
        #expect(error.code == .unknownKey)
        #expect(error.line == 8)
        #expect(error.description.hasPrefix("/etc/countertop/c.yaml:8: pos.prot is not a key."))
        #expect(error.message.contains("port, tlsPort"))
    }

    @Test(
        "A bad value is named with its line and what is allowed",
        arguments: [
            ("pos: {port: 65536}", "pos.port", "0 to 65535"), ("pos: {plainFromAnywhere: yes}", "pos.plainFromAnywhere", "true or false"),
            ("pos: {allow: [nowhere]}", "pos.allow", "address ranges"), ("pos: {allow: 10.0.0.0/8}", "pos.allow", "list"),
            ("pos: {port: [1]}", "pos.port", "whole number"), ("log: {level: loud}", "log.level", "trace, debug"),
            ("limits: {hostTimeout: 31}", "limits.hostTimeout", "5 to 30"),
            ("pos: {connectionLost: keep}", "pos.connectionLost", "reverse, complete"),
            ("pos: 8442", "pos", "address, port"), ("pos: {certificate: a.pem}", "pos.certificate", "pos.key"),
            ("emv: {terminalType: 27}", "emv.terminalType", "21, 22, 23"), ("emv: {codeTables: [0]}", "emv.codeTables", "1 to 10"),
            ("pos: {allow: [10.0.0.0/33]}", "pos.allow", "address ranges"),
        ])
    func badValue(line: String, key: String, allowed: String) throws {
        let error = try #require(fault(Self.least + "\n" + line))
        #expect(error.code == .badValue)
        #expect(error.line == 7)
        #expect(error.message.hasPrefix(key))
        #expect(error.message.contains(allowed))
    }

    @Test("A missing key is named with its meaning")
    func missingKey() throws {
        let error = try #require(fault("host: {primary: 'h:1'}"))
        #expect(error.code == .missingKey)
        #expect(error.message.hasPrefix("terminal.id is missing."))
    }

    @Test("Text that is not YAML, or says a key twice, is refused with its line")
    func notYAML() throws {
        #expect(fault("a: [1")?.code == .notYAML)
        let twice = try #require(fault(Self.least + "\nhost:\n  primary: b:1"))
        #expect(twice.code == .notYAML)
        #expect(fault("- a\n- b")?.code == .badValue)
        #expect(fault("")?.code == .missingKey)
    }

    @Test("Mutated files never trap")
    func mutations() {
        var generator = SystemRandomNumberGenerator()
        let text = Array((Self.least + "\npos: {allow: [10.0.0.0/8], port: 1}\n").utf8)
        for _ in 0..<3000 {
            var mutated = text
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                mutated[Int.random(in: mutated.indices, using: &generator)] = UInt8.random(in: 0x09...0x7E, using: &generator)
            }
            _ = fault(String(decoding: mutated.prefix(Int.random(in: 0...mutated.count, using: &generator)), as: UTF8.self))
        }
    }

    @Test(
        "Endpoints are HOST:PORT",
        arguments: [("a:1", "a:1"), ("[::1]:8583", "[::1]:8583"), ("::1", nil), ("a:0", nil), (":1", nil), ("a b:1", nil)])
    func endpoints(text: String, expected: String?) { #expect(Endpoint(text)?.description == expected) }

    @Test("docs/configuration.md says what the schema says")
    func documentation() throws {
        try expectPage("configuration.md", contains: ConfigurationReference.markdown)
    }
}
