import Hex
import Testing

@_spi(ClearPIN) @testable import Keys

/// The supplement to ANSI X9.24-3:2017, as openemv/dukpt's test/dukpt_aes128_test.c and dukpt_aes256_test.c give it.
@Suite("DUKPT with AES")
struct AESDUKPTTests {
    static let baseKey = secret("FEDCBA9876543210F1F1F1F1F1F1F1F1")
    static let baseKey256 = secret("FEDCBA9876543210F1F1F1F1F1F1F1F1FEDCBA9876543210F1F1F1F1F1F1F1F1")
    static let serial = serialNumber("123456789012345600000000")
    static let pan = PAN("4111111111111111")!

    struct Row: Sendable {
        var counter, key, pin, pinBlock, mac, data: String
        init(_ row: (String, String, String, String, String, String)) { (counter, key, pin, pinBlock, mac, data) = row }
        var serial: KeySerialNumber { serialNumber("1234567890123456" + counter) }
    }

    static let rows = [
        (
            "00000001", "4F21B565BAD9835E112B6465635EAE44", "AF8CB133A78F8DC2D1359F18527593FB", "A912150391AB65A67E52883D81CE2D15",
            "A2DC23DE6FDE0824A2BC321E08E4B8B7", "A35C412EFD41FDB98B69797C02DCD08F"
        ),
        (
            "00000002", "2F34D68DE10F68D38091A73B9E7C437C", "D30BDC73EC9714B000BEC66BDB7B6D09", "52A00503BD34BA1383F6A7EE9FE2547F",
            "484C3B06E8562704528CD5B46FB12FB6", "D639514AA33AC43AD9229E433D6D4E5B"
        ),
        (
            "00000003", "031504E530365CF81264238540518318", "7D69F01F3B45449F62C7816ECE723268", "A5A27E82B43A9A866A93D7ABE89CEF93",
            "A5DF7D9D800CA769766F0C77CA4E6E6C", "EF17F6AB45B4820C93A3DCB21BC491AD"
        ),
        (
            "00000004", "0EEFC7ADA628BA68878DA9165A8A1887", "91A0588318EC2673214271F70137896E", "71B3D0528669498777555A8BE6698E44",
            "E6E4679647D8A9057C1FC15537CB4C4E", "B3BD44C08BB6BA27C3BB4711D7D70387"
        ),
        (
            "00000005", "C2A7AC328A5DA2D6002D62465BFC028B", "35A43BC9EFEB09C756204B57E3FB7D4D", "881A7F77A2E04E5BEA985E342FD0B628",
            "0588185FE1FF8C7E22FAD78C1C61F065", "CA02DF6F30B39E14BD0B4A30E460920F"
        ),
        (
            "00000006", "D30F7D9351DA58448A2F5E92B4EE3B7D", "02DCC6CD1201A3A2CA7099559C862123", "BDC1C3871AFB0B340AA5B5CEFD08695E",
            "7B60F72A5639C0EE7EB2100FA80BB793", "C9B8A7C4E486180B2229115164F0B293"
        ),
        (
            "00000007", "A8253CEED9AC042C54F75D35C8352278", "6ECF912F3B18CA11A7A27BB60705FD09", "4A8E6B8C7DBEE6CBA6DC774F0CB83396",
            "BAA08CA263C69525BC6B1BA8F4275D69", "0FA8F1F0A2DD7B1005A862D77CDED698"
        ),
        (
            "00000008", "718EE6CF0B27E53D5F7AF99C4D8146A2", "4D9DF3FBEE3448FC3E676D04320A90F5", "8308BB857C17F390369F761F8EB358FA",
            "6FD572E5D59E618875F193484F9178FB", "650F34204ABD4E57764D61AC3D266FB1"
        ),
    ].map(Row.init)

    @Test("Initial keys of AES-128 and AES-256")
    func initialKeys() throws {
        #expect(try AESDUKPT.initialKey(baseKey: Self.baseKey, serial: Self.serial) == secret("1273671EA26AC29AFA4D1084127652A1"))
        #expect(
            try AESDUKPT.initialKey(baseKey: Self.baseKey256, serial: Self.serial)
                == secret("CE9CE0C101D1138F97FB6CAD4DF045A7083D4EAE2D35A31789D01CCF0949550F"))
    }

    @Test("The host finds the published transaction and working keys, and the PIN", arguments: rows)
    func host(row: Row) throws {
        let key = try AESDUKPT.transactionKey(baseKey: Self.baseKey, serial: row.serial)
        try expect(key, row)
        #expect(try PINBlock.decipher(secret(row.pinBlock), serial: row.serial, pan: Self.pan, baseKey: Self.baseKey) == PIN("1234"))
    }

    @Test("The device makes the same keys in order, each once")
    func device() throws {
        let initialKey = try AESDUKPT.initialKey(baseKey: Self.baseKey, serial: Self.serial)
        var device = try AESDUKPT.Device(initialKey: initialKey, serial: Self.serial)
        for row in Self.rows {
            #expect(device.nextSerial == row.serial)
            try expect(device.nextKey(), row)
        }
    }

    private func expect(_ key: AESDUKPT.TransactionKey, _ row: Row) throws {
        #expect(key.key == secret(row.key))
        #expect(try key.pin == secret(row.pin))
        #expect(try key.workingKey(.macGeneration) == secret(row.mac))
        #expect(try key.workingKey(.dataEncryption) == secret(row.data))
        let block = try PINBlock.encipherFormat4(PIN("1234")!, pan: Self.pan, key: key.pin, random: secret("2F69ADDE2E9E7ACE"))
        #expect(block == secret(row.pinBlock))
    }

    @Test(
        "AES-128 transaction keys over the whole range of the counter",
        arguments: [
            ("0001FFFE", "E21E8C8D347F8561A2BE752DAA85A111"),
            ("00020000", "F7AE9025468A25D37B7249CFFED224C8"),
            ("00020001", "692C8EA4013645135B36497131DF9D2C"),
            ("FFFE2000", "48E585B694EB0B18D5C35443E163C0BA"),
            ("FFFE4000", "396C2C7CA1EA701C03B86B7D41F0C562"),
            ("FFFE8000", "0387625F189B58AE03EF0E8CCA41105E"),
            ("FFFF0000", "F6BA59389BD14A9855BE9727E7C52E3C"),
        ])
    func farKeys(counter: String, key: String) throws {
        let serial = serialNumber("1234567890123456" + counter)
        #expect(try AESDUKPT.transactionKey(baseKey: Self.baseKey, serial: serial).key == secret(key))
    }

    @Test(
        "AES-256 transaction keys over the whole range of the counter",
        arguments: [
            ("00000001", "54AC2B32B145EA4A554CB8BC44B17467063A799856B1CCC2A138D36E8DBF78B3"),
            ("00000002", "5DD5A0253842BBBE1D7C0DA27021412C6F1FAB53FB928DEAE56DA06090A9DE97"),
            ("00000003", "8EEEF7C464AE415BB1D73FAED21993CD669F7999092A579EC6DD3CC680C65171"),
            ("00000004", "C18CBED570B3B89ECADA7CEC9C224CD5A86ECF3DE377D3EFAB720F8C4D76B9D0"),
            ("00000005", "6B3C3C93307151C25DC2309456F01C5C3108DAD571C321899A9B7E0C009FD2EB"),
            ("00000006", "B8BB61AE3E2D5CD8C699E0C578FB2C7B89B0C0CF02DBAB60864D8049C986C844"),
            ("00000007", "88D0ACA287B3066F5DE0C93396337D4C2DA8D92C1F720A576D62CEB4C979E01E"),
            ("00000008", "20A796D5077D51B8E7613893A4F095B134E02917DC84BD391F3661D0873FF308"),
            ("0001FFFE", "A289508CBF1228452CD86AB77B15CB35577AC828C18BB66681E5A16D6C9CCED3"),
            ("00020000", "D62DDA94A47D7DA5D763443B4ECB15EA8DD62E0E4F915958BA459591F8312E37"),
            ("00020001", "44110A1102748D4A3AC326F53D8CAC650212590CA7126D54546DDE0F20E89CEE"),
            ("FFFE2000", "4625EB06E4886D4AFCC9AE37ED4F4E4E1653C9E60E3F24742A87A26AA96AB7A6"),
            ("FFFE4000", "FF20E1BB575539ACCB44E3111BE8757F83AE8549A2DD71B441A4A424F7FFD4B1"),
            ("FFFE8000", "630535C9C53E1EC6524016930B56F6728909C45403536B419AEBCB25B7351C07"),
            ("FFFF0000", "6D6DB7AAAE8B3EA90E57A39E4BBA71E173B21B446B30A78D64BFC6A8806C55EE"),
        ])
    func keys256(counter: String, key: String) throws {
        let serial = serialNumber("1234567890123456" + counter)
        #expect(try AESDUKPT.transactionKey(baseKey: Self.baseKey256, serial: serial).key == secret(key))
    }

    @Test("Device and host agree, with keys of 16, 24 and 32 bytes", arguments: [16, 24, 32])
    func agreement(length: Int) throws {
        let baseKey = SecretBytes((0..<length).map { UInt8($0) })
        var device = try AESDUKPT.Device(
            initialKey: AESDUKPT.initialKey(baseKey: baseKey, serial: Self.serial), serial: Self.serial)
        for _ in 0..<300 {
            let key = try device.nextKey()
            let host = try AESDUKPT.transactionKey(baseKey: baseKey, serial: key.serial)
            #expect(key.key == host.key)
            #expect(key.key.count == length)
        }
    }

    @Test("Every use and type has a key of its own, as long as its algorithm wants")
    func workingKeys() throws {
        let key = try AESDUKPT.transactionKey(baseKey: Self.baseKey256, serial: Self.serial.with(counter: 1))
        var seen: [SecretBytes] = []
        for usage in AESDUKPT.KeyUsage.allCases {
            for type in AESDUKPT.KeyType.allCases {
                let working = try key.workingKey(usage, type)
                #expect(working.count == type.byteCount)
                #expect(!seen.contains(working))
                seen.append(working)
            }
        }
    }

    @Test("No working key is stronger than what it comes from")
    func strength() throws {
        let key = try AESDUKPT.transactionKey(baseKey: Self.baseKey, serial: Self.serial.with(counter: 1))
        for type in [AESDUKPT.KeyType.aes192, .aes256] {
            #expect { try key.workingKey(.macGeneration, type) } throws: { ($0 as? KeysError)?.code == .keyLength }
        }
        #expect(try key.workingKey(.macGeneration, .threeKeyTDES).count == 24)
    }

    @Test("Counters that no device reaches, and other schemes' numbers, are refused", arguments: [0, 0x1_FFFF, 0xFFFF_FFFF] as [UInt32])
    func unreachable(counter: UInt32) {
        #expect { try AESDUKPT.transactionKey(baseKey: Self.baseKey, serial: Self.serial.with(counter: counter)) } throws: {
            ($0 as? KeysError)?.code == .keySerialNumber
        }
        let tdes = serialNumber("FFFF9876543210E00001")
        #expect(throws: KeysError.self) { try AESDUKPT.transactionKey(baseKey: Self.baseKey, serial: tdes) }
        #expect(throws: KeysError.self) { try AESDUKPT.Device(initialKey: Self.baseKey, serial: tdes) }
        #expect(throws: KeysError.self) { try AESDUKPT.initialKey(baseKey: secret("00"), serial: Self.serial) }
        #expect(throws: KeysError.self) { try AESDUKPT.Device(initialKey: secret("00"), serial: Self.serial) }
    }
}
