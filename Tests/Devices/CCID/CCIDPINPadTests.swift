import Hex
@_spi(ClearPIN) import Keys
import Lab
import SmartCard
import Synchronization
import Testing
import USB

@testable import Devices

@Suite("PIN entry on the reader's pad", .timeLimit(.minutes(1))) struct CCIDPINPadTests {
    private static let plaintext = PINVerification.plaintext(minimumDigits: 4, maximumDigits: 12, seconds: 30)

    private struct Pad {
        var virtual: VirtualCCIDReader
        var bench: Bench
        var reader: CCIDSlot
    }

    private func pad(
        _ card: any VirtualCard, level: CCIDReaderProfile.Level = .shortAPDU, keys: PINPadKeys? = nil,
        clock: any Clock<Duration> = ContinuousClock()
    ) async throws -> Pad {
        var profile = CCIDReaderProfile.pinPad()
        profile.level = level
        let virtual = VirtualCCIDReader(profile, pinKeys: keys, clock: clock)
        virtual.insert(card)
        let bench = try Bench(virtual)
        let reader = try #require(try await bench.chipReader() as? CCIDSlot)
        _ = try await reader.powerOn()
        return Pad(virtual: virtual, bench: bench, reader: reader)
    }

    private func typed(_ digits: [UInt8], _ pad: Pad, then key: PINPadKey? = .enter) async {
        await eventually("the pad asks") { pad.virtual.pinEntry.isOpen }
        pad.virtual.type(digits)
        if let key { pad.virtual.press(key) }
    }

    @Test(
        "the reader makes the format-2 block itself; only the status word comes back", arguments: CCIDReaderLevelTests.levels,
        [basicT0, basicT1]) func plaintext(level: CCIDReaderProfile.Level, answerToReset: String) async throws
    {
        // A reader that moves characters has no APDUs to put a PIN into.
        if level == .character { return }
        let card = ScriptedCard(
            answerToReset: answerToReset,
            [("0020008008241234FFFFFFFFFF", "9000"), ("00200080082598765FFFFFFFFF", "63C2"), ("00B2010C05", "01020304059000")])
        let pad = try await pad(card, level: level)
        #expect(pad.reader.securePIN == SecurePINCapability(plaintext: true, enciphered: true))
        async let first = pad.reader.verifyPIN(Self.plaintext)
        await typed([1, 2, 3, 4], pad)
        #expect(try await first == .answered(ResponseAPDU(status: .success)))
        async let second = pad.reader.verifyPIN(Self.plaintext)
        await typed([9, 8, 7, 6, 5], pad)
        #expect(try await second == .answered(ResponseAPDU(status: StatusWord(0x63C2))))
        // The numbers of blocks have gone on.
        #expect(try await pad.reader.transmit(CommandAPDU(0, 0xB2, 1, 0x0C, expectedLength: 5)).data == [1, 2, 3, 4, 5])
        card.expectFinished()
        await pad.bench.close()
    }

    @Test("cancel and too long a wait send nothing to the card") func ends() async throws {
        let clock = SteppedClock()
        let card = ScriptedCard(answerToReset: basicT1, [("00B2010C00", "9000")])
        let pad = try await pad(card, level: .tpdu, clock: clock)
        async let cancelled = pad.reader.verifyPIN(Self.plaintext)
        await typed([1, 2], pad, then: .cancel)
        #expect(try await cancelled == .cancelled)
        async let late = pad.reader.verifyPIN(Self.plaintext)
        await typed([1, 2, 3, 4], pad, then: nil)
        // One step for the entry that was cancelled, one for this.
        clock.step()
        clock.step()
        #expect(try await late == .timedOut)
        #expect(try await pad.reader.transmit(CommandAPDU(0, 0xB2, 1, 0x0C, expectedLength: 256)).status == .success)
        card.expectFinished()
        await pad.bench.close()
    }

    @Test("too few digits are not accepted, too many are not taken, clear begins anew") func digits() async throws {
        let card = ScriptedCard(answerToReset: basicT1, [("002000800824" + "5678" + "FFFFFFFFFF", "9000")])
        let pad = try await pad(card)
        async let end = pad.reader.verifyPIN(.plaintext(minimumDigits: 4, maximumDigits: 4, seconds: 30))
        await typed([1, 2, 3], pad)
        #expect(pad.virtual.pinEntry.isOpen)
        pad.virtual.press(.clear)
        pad.virtual.type([5, 6, 7, 8, 9])
        #expect(pad.virtual.pinEntry.digits == 4)
        pad.virtual.press(.enter)
        #expect(try await end == .answered(ResponseAPDU(status: .success)))
        card.expectFinished()
        await pad.bench.close()
    }

    @Test("a card that is pulled, or a terminal that gives up, ends the entry") func interrupted() async throws {
        let pad = try await pad(ScriptedCard(answerToReset: basicT1))
        let pulled = Task { await errorCode { () throws(DeviceError) in try await pad.reader.verifyPIN(Self.plaintext) } }
        await eventually("the pad asks") { pad.virtual.pinEntry.isOpen }
        pad.virtual.remove()
        #expect(await pulled.value == .cardRemoved)
        pad.virtual.insert(ScriptedCard(answerToReset: basicT1, [(selectPSEHex, "9000")]))
        _ = try await pad.reader.powerOn()
        let given = Task { await errorCode { () throws(DeviceError) in try await pad.reader.verifyPIN(Self.plaintext) } }
        await eventually("the pad asks") { pad.virtual.pinEntry.isOpen }
        given.cancel()
        #expect(await given.value == .cancelled)
        #expect(!pad.virtual.pinEntry.isOpen)
        #expect(try await pad.reader.transmit(selectPSE).status == .success)
        await pad.bench.close()
    }

    @Test("a new PIN is asked for twice and goes into the second block; two that differ change nothing") func modification() async throws {
        let card = ScriptedCard(answerToReset: basicT1, [("0024008010" + "241234FFFFFFFFFF" + "2556789FFFFFFFFF", "9000")])
        let pad = try await pad(card)
        #expect(pad.reader.canModifyPIN)
        async let changed = pad.reader.modifyPIN(PINModification(seconds: 30))
        await typed([1, 2, 3, 4], pad)
        await typed([5, 6, 7, 8, 9], pad)
        await typed([5, 6, 7, 8, 9], pad)
        #expect(try await changed == .answered(ResponseAPDU(status: .success)))
        async let differing = pad.reader.modifyPIN(PINModification(seconds: 30))
        await typed([1, 2, 3, 4], pad)
        await typed([5, 6, 7, 8], pad)
        await typed([5, 6, 7, 9], pad)
        #expect(try await differing == .answered(ResponseAPDU(status: StatusWord(0x6402))))
        card.expectFinished()
        await pad.bench.close()
    }

    @Test("an enciphered PIN is 7F, the block, the challenge and random bytes under the card's key (EMV Book 2, 7.2)") func enciphered()
        async throws
    {
        let key = try RSAPrivateKey.generate(bits: 1024)
        let card = KeepingCard()
        let pad = try await pad(card)
        let challenge: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let verification = PINVerification.enciphered(
            modulus: key.publicKey.modulus, exponent: key.publicKey.exponent, challenge: challenge, minimumDigits: 4, maximumDigits: 12,
            seconds: 30)
        async let end = pad.reader.verifyPIN(verification)
        await typed([4, 3, 2, 1, 0], pad)
        #expect(try await end == .answered(ResponseAPDU(status: .success)))
        let command = try CommandAPDU.parse(try #require(card.last))
        #expect([command.instructionClass, command.instruction, command.p1, command.p2] == [0x00, 0x20, 0x00, 0x88])
        let plain = try key.apply(command.data)
        #expect(plain.prefix(17).elementsEqual([0x7F, 0x25, 0x43, 0x21, 0x0F, 0xFF, 0xFF, 0xFF, 0xFF] + challenge))
        async let cancelled = pad.reader.verifyPIN(verification)
        await typed([4], pad, then: .cancel)
        #expect(try await cancelled == .cancelled)
        await pad.bench.close()
    }

    @Test(
        "an online PIN comes as a block and the KSN it is under; the host finds the PIN",
        arguments: [KeySerialNumber.Scheme.tripleDES, .aes]) func online(scheme: KeySerialNumber.Scheme) async throws
    {
        let keys =
            scheme == .aes
            ? try PINPadKeys.aes(serial: [0x4C, 0x41, 0x42, 0, 0, 0, 0, 1, 0, 0, 0, 0])
            : try PINPadKeys.tripleDES(serial: [0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0, 0])
        let pad = try await pad(ScriptedCard(answerToReset: basicT1), keys: keys)
        let service = try #require(await onlinePad(pad.bench))
        let pan = try #require(PAN("4761739001010119"))
        let request = PINEntryRequest(pan: pan, amountText: "12.00 USD", seconds: 30, bypassAllowed: true)
        var serials: [[UInt8]] = []
        for _ in 0..<2 {
            async let entry = service.enterOnlinePIN(request)
            await typed([1, 2, 3, 4, 5], pad)
            guard case .entered(let block, let serial) = try await entry else {
                Issue.record("no PIN was entered")
                return
            }
            serials.append(serial)
            let number = try KeySerialNumber(serial)
            #expect(try PINBlock.decipher(block, serial: number, pan: pan, baseKey: LabKeys.pinBase(scheme)) == PIN("12345"))
        }
        #expect(serials[0] != serials[1], "each PIN has a key of its own")
        async let bypassed = service.enterOnlinePIN(request)
        await typed([], pad)
        guard case .bypassed = try await bypassed else {
            Issue.record("an empty entry did not bypass")
            return
        }
        async let cancelled = service.enterOnlinePIN(request)
        await typed([1], pad, then: .cancel)
        guard case .cancelled = try await cancelled else {
            Issue.record("the entry was not cancelled")
            return
        }
        await pad.bench.close()
    }

    private func onlinePad(_ bench: Bench) async -> (any PINPad)? {
        for await pad in bench.registry.pinPads() { if let pad { return pad } }
        return nil
    }

    @Test("a reader without pad, and one that only claims to have one, verifies no PIN") func noPad() async throws {
        var claiming = CCIDReaderProfile()
        claiming.vendorID = 0x046A
        claiming.productID = 0x00A7
        claiming.pinSupport = 3
        for profile in [CCIDReaderProfile(), claiming] {
            let virtual = VirtualCCIDReader(profile)
            virtual.insert(ScriptedCard(answerToReset: basicT1))
            let bench = try Bench(virtual)
            let reader = try #require(try await bench.chipReader() as? CCIDSlot)
            #expect(reader.securePIN == SecurePINCapability(plaintext: false, enciphered: false))
            #expect(await errorCode { () throws(DeviceError) in try await reader.verifyPIN(Self.plaintext) } == .unsupported)
            await bench.close()
        }
    }
}

/// A card that keeps the last command.
private final class KeepingCard: VirtualCard {
    private let kept = Mutex<[UInt8]?>(nil)
    var last: [UInt8]? { kept.withLock { $0 } }
    func reset() -> [UInt8]? { [UInt8](hex: basicT1) }
    func process(_ command: [UInt8]) -> [UInt8]? {
        kept.withLock { $0 = command }
        return [0x90, 0x00]
    }
    func powerOff() {}
}
