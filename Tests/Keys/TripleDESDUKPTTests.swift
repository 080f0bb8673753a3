import Hex
import Testing

@_spi(ClearPIN) @testable import Keys

/// ANSI X9.24-1:2009, A.4, as openemv/dukpt's test/dukpt_tdes_test.c gives it.
@Suite("DUKPT with TDES")
struct TripleDESDUKPTTests {
    static let baseKey = secret("0123456789ABCDEFFEDCBA9876543210")
    static let serial = serialNumber("FFFF9876543210E00000")
    static let initialKey = secret("6AC292FAA1315B4D858AB3A3D7D5933A")
    static let pan = PAN("4012345678909")!

    struct Row: Sendable {
        var counter, key, pinBlock, macRequest, macResponse, data: String
        init(_ row: (String, String, String, String, String, String)) {
            (counter, key, pinBlock, macRequest, macResponse, data) = row
        }
        var serial: KeySerialNumber { serialNumber("FFFF9876543210E000" + counter) }
    }

    static let rows = [
        (
            "01", "042666B49184CFA368DE9628D0397BC9", "1B9C1845EB993A7A", "9CCC7817", "20364223",
            "FC0D53B7EA1FDA9EE68AAF2E70D9B9506229BE2AA993F04F"
        ),
        (
            "02", "C46551CEF9FD24B0AA9AD834130D3BC7", "10A01C8D02C69107", "F608A9BC", "D1FCA6BE",
            "A2B4E70F846E63D68775B7215EB4563DFD3037244C61CC13"
        ),
        (
            "03", "0DF3D9422ACA56E547676D07AD6BADFA", "18DC07B94797B466", "20B59A4F", "BAD4CC9C",
            "BD751E65F10E75B6C1D5B1D283496A36C2DE21D993C387A7"
        ),
        (
            "04", "279C0F6AEED0BE652B2C733E1383AE91", "0BC79509D5645DF7", "C7BFA6CC", "1EB08AEE",
            "1118F50947441BBDA3C8C70220021A12EC31CC473F7215F4"
        ),
        (
            "05", "5F8DC6D2C845C125508DDC048093B83F", "5BC0AF22AD87B327", "0202B963", "5CBE3E81",
            "9FD7BD1EC28845ACA93367A9DA9317BD555C6B33AE22D365"
        ),
        (
            "06", "5E415CB0BAF9F03CD0C14B63FB62FF43", "A16DF70AE36158D8", "CF6C72E6", "C60D38E8",
            "DC526613AD9095C1CEC60C41B7686ED606AC1AA2F4F54912"
        ),
        (
            "07", "0C8F780B7C8B49D0AE84A9EB2A6CE660", "27711C16CB257F8E", "B11EB0D9", "053EFD39",
            "24700BD6F17751531F2A16CE2AF7731101E6F87839C67244"
        ),
        (
            "08", "27F66D5244FF62E1AA6F6120EDEB4280", "50E55547A5027551", "3679055B", "7FACA91D",
            "5F6584DEAFC51B48A239B51C2DACA97176C01D9CA8EDC33C"
        ),
        (
            "09", "27E31064FDC565698900E2057F658E7E", "536CF7F678ACFC8D", "26AA23DC", "37F17B8F",
            "7CB9080923ED4D7D8D1B8A2849331684CC910522023BE537"
        ),
        (
            "0A", "6CF2500A22507C7CC776CEADC1E33014", "EDABBA23221833FE", "1632621C", "CE038CC9",
            "C221F5A8CA5DA909BE04938E0FB8DFCFB30ED0D62B590663"
        ),
        (
            "0B", "3E8260BA04B2D620C01482B3819A18B7", "2328981C57B4BDBA", "76D95CB4", "27C9FA5E",
            "98A271C13E4AEE80C6343867F2F0F6C55E8B7E5645866A0B"
        ),
        (
            "0C", "B716E1E11CF53D80726CAEE75C3A624F", "038D03CC926CF286", "BAD9D84D", "6D2ECC6A",
            "273CBE2F275B1C29D53F3C01A24DEC73F92C3BE219FFCB91"
        ),
        (
            "0D", "E072EDF95340535FB6C581C58FBF2533", "6C8AA97088B62C68", "AAAFB598", "7E40B492",
            "7290CB9D6F6E35A9B8A34C590A93696F8FE0137A8558884C"
        ),
        (
            "0E", "A80046087F5B8F245AAD95E18429084F", "F17C9E1D72CD4950", "4EC79532", "55233989",
            "48207931E5F6E5E3E02E7E1D7BED4E3232FCA67E66A31F61"
        ),
        (
            "0F", "93DD5B956C4878472E453AAEFD32A5AA", "B170F6E7F7F2F64A", "82500D05", "AFE23CBA",
            "166246602B1255114A4012513B0DD4A9E19E82C945860C55"
        ),
        (
            "10", "59598DCBD9BD94C094165CE453585F57", "D5D9638559EF53D6", "D39D3A59", "9E933C88",
            "53EDA44BDBCA037B2D3FEAEBAF73499336767BD1D0D09679"
        ),
        (
            "11", "2B5F01F4F0CC05EA639D523231BF1BA2", "D544F8CDD292C863", "F094AF93", "631E7B39",
            "086F3F46238B99AFB35DA42029675EE1FAB1C606307B35FB"
        ),
        (
            "12", "9CF640F279C2AEE615F725EEEAC2CBAF", "7A21BD10F36DC41D", "A819AF04", "E93F5E27",
            "270439430E60BFC600FE3DC7E7AD8C72D22D5284EC676EF2"
        ),
        (
            "13", "C3DF489FDF1153B4F03DE97C27DC4C2F", "78649BD17D0DFA60", "79285A17", "FCE7A5A5",
            "2FEAE132FA0E46B4ABF55A87477AFA907E598868BCC236DA"
        ),
        (
            "14", "658488507721B3F14737FA93F923CBD2", "7E7E16EA0C31AD56", "E2B2637F", "A10E94AA",
            "A16A61328E36A21858B5FBFBE7BAF7985F5C54F5B8C12298"
        ),
        (
            "15", "E161D1956A61F6D2F37AFD7F9CC3699A", "72105C22EBC791E6", "B2033EBD", "BDA3AEE1",
            "42A9342FD5C1ACD20E137950A7368D2BBE884275B7906918"
        ),
    ].map(Row.init)

    @Test("The initial key comes from the BDK and the device's number alone")
    func initialKey() throws {
        #expect(try TripleDESDUKPT.initialKey(baseKey: Self.baseKey, serial: Self.serial) == Self.initialKey)
        #expect(try TripleDESDUKPT.initialKey(baseKey: Self.baseKey, serial: Self.serial.with(counter: 0x1F_FFFF)) == Self.initialKey)
    }

    @Test("The host finds the published keys, MACs, PIN blocks and data", arguments: rows)
    func host(row: Row) throws {
        let key = try TripleDESDUKPT.transactionKey(baseKey: Self.baseKey, serial: row.serial)
        try expect(key, row)
        #expect(try PINBlock.decipher(secret(row.pinBlock), serial: row.serial, pan: Self.pan, baseKey: Self.baseKey) == PIN("1234"))
    }

    @Test("The device makes the same keys in order, each once")
    func device() throws {
        var device = try TripleDESDUKPT.Device(initialKey: Self.initialKey, serial: Self.serial)
        for row in Self.rows {
            #expect(device.nextSerial == row.serial)
            try expect(device.nextKey(), row)
        }
    }

    private func expect(_ key: TripleDESDUKPT.TransactionKey, _ row: Row) throws {
        let message = Array("4012345678909D987".utf8)
        let padded = message + [UInt8](repeating: 0, count: 7)
        #expect(key.serial == row.serial)
        #expect(key.key == secret(row.key))
        #expect(try PINBlock.encipher(.iso0, PIN("1234")!, pan: Self.pan, under: key) == secret(row.pinBlock))
        #expect(try RetailMAC.code(for: message, key: key.macRequest, padding: .zeros, length: 4).hex == row.macRequest)
        #expect(try RetailMAC.code(for: message, key: key.macResponse, padding: .zeros, length: 4).hex == row.macResponse)
        #expect(try TripleDES.encryptCBC(padded, key: key.dataRequest, iv: [UInt8](repeating: 0, count: 8)).hex == row.data)
        #expect(try key.dataResponse != key.dataRequest)
    }

    @Test("Device and host agree past the first skipped counter, counters with more than ten ones skipped")
    func agreement() throws {
        var device = try TripleDESDUKPT.Device(initialKey: Self.initialKey, serial: Self.serial)
        var last: UInt32 = 0
        for _ in 0..<2_050 {
            let key = try device.nextKey()
            #expect(key.key == (try TripleDESDUKPT.transactionKey(baseKey: Self.baseKey, serial: key.serial)).key)
            #expect(key.serial.counter.nonzeroBitCount <= 10)
            // Nothing in between could have been used.
            #expect((last + 1..<key.serial.counter).allSatisfy { $0.nonzeroBitCount > 10 })
            last = key.serial.counter
        }
        #expect(last > 2_050)
    }

    @Test(
        "Counters that no device reaches, and other schemes' numbers, are refused", arguments: [0, 0x7FF, 0x1F_FFFF, 0x1F_F801] as [UInt32])
    func unreachable(counter: UInt32) {
        #expect { try TripleDESDUKPT.transactionKey(baseKey: Self.baseKey, serial: Self.serial.with(counter: counter)) } throws: {
            ($0 as? KeysError)?.code == .keySerialNumber
        }
        let aes = serialNumber("123456789012345600000001")
        #expect(throws: KeysError.self) { try TripleDESDUKPT.transactionKey(baseKey: Self.baseKey, serial: aes) }
        #expect(throws: KeysError.self) { try TripleDESDUKPT.initialKey(baseKey: Self.baseKey, serial: aes) }
        #expect(throws: KeysError.self) { try TripleDESDUKPT.Device(initialKey: Self.initialKey, serial: aes) }
        #expect(throws: KeysError.self) { try TripleDESDUKPT.initialKey(baseKey: secret("0123456789ABCDEF"), serial: Self.serial) }
        #expect(throws: KeysError.self) { try TripleDESDUKPT.Device(initialKey: secret("0123456789ABCDEF"), serial: Self.serial) }
    }

    @Test("Printing shows numbers, no keys")
    func printing() throws {
        var device = try TripleDESDUKPT.Device(initialKey: Self.initialKey, serial: Self.serial)
        let key = try device.nextKey()
        var dumped = ""
        dump(key, to: &dumped)
        dump(device, to: &dumped)
        let shown = "\(key) \(String(reflecting: key)) \(device) \(String(reflecting: device)) \(dumped)"
        #expect(shown.contains("FFFF9876543210E00001"))
        #expect(!shown.contains("042666B4"))
        #expect(!shown.contains("[4, 38"))
    }
}

func serialNumber(_ hex: String) -> KeySerialNumber {
    guard let serial = try? KeySerialNumber(bytes(hex)) else { preconditionFailure("\(hex) is no KSN") }
    return serial
}
