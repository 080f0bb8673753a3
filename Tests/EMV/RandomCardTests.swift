import Seeds
import EMV
import Hex
import Money
import SmartCard
import Testing

/// Whatever a card says: the kernel does not trap, the dialogue ends, and what terminal or issuer deny is not approved.
@Suite("Random cards")
struct RandomCardTests {
    /// What the kernel may send at most, with room for the books' longest dialogue.
    private let bound = 512

    /// Answers commands with something that is often right, often a little wrong, and sometimes anything.
    private struct RandomCard {
        var random: SeededRandom
        var card: TestCard
        /// Chance of an undamaged answer, in percent.
        var honesty: Int

        mutating func answer(_ command: CommandAPDU) -> ResponseAPDU {
            var bytes = [UInt8](hex: honest(command)) ?? []
            if Int.random(in: 0..<100, using: &random) >= honesty { damage(&bytes) }
            return (try? ResponseAPDU.parse(bytes)) ?? ResponseAPDU(status: StatusWord(UInt16.random(in: 0...0xFFFF, using: &random)))
        }

        private mutating func honest(_ command: CommandAPDU) -> String {
            switch command.instruction {
            case 0xA4 where command.data.count == 14:
                return ["6A82", "6283", TestCard.tlv(0x6F, TestCard.tlv(0x84, command.data.hex) + "A503880101") + "9000"].randomElement(
                    using: &random) ?? ""
            case 0xA4: return command.p2 == 0x02 ? "6A82" : card.fci + "9000"
            case 0xA8: return TestCard.tlv(0x80, card.profile + "08010100") + "9000"
            case 0xB2 where command.p1 == 1:
                let directory = TestCard.tlv(
                    0x61, TestCard.tlv(0x4F, card.aid) + "8701" + ["01", "81"][Int.random(in: 0...1, using: &random)])
                let record = card.record.map { TestCard.tlv($0.0, $0.1) }.joined()
                return TestCard.tlv(0x70, Bool.random(using: &random) ? record : directory) + "9000"
            case 0xB2: return "6A83"
            case 0x82: return ["9000", "6300"].randomElement(using: &random) ?? ""
            case 0xCA:
                let tag = command.p2 == 0x17 ? "9F1701" : [command.p1, command.p2].hex + "02"
                return tag + random.bytes(upTo: 2).hex.padding(command.p2 == 0x17 ? 2 : 4) + "9000"
            case 0x84: return "11223344556677889000"
            case 0x18, 0x24: return ["9000", "6985", "6283"].randomElement(using: &random) ?? ""
            default:
                return TestCard.cryptogram(
                    [command.p1 & 0xC0, 0x00, 0x40, 0x80, 0xC0].randomElement(using: &random).map { [$0].hex } ?? "00")
            }
        }

        mutating func pin(_ request: PINRequest) -> PINOutcome {
            let status = [0x9000, 0x63C2, 0x63CF, 0x63C0, 0x6983, 0x6984, 0x6985].randomElement(using: &random) ?? 0
            let offline = PINOutcome.answered(ResponseAPDU(status: StatusWord(UInt16(status))))
            let typed: PINOutcome = if case .online = request.method { .entered } else { offline }
            return [typed, typed, typed, .bypassed, .unavailable, .cancelled, .timedOut].randomElement(using: &random) ?? typed
        }

        private mutating func damage(_ bytes: inout [UInt8]) {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes = random.bytes(upTo: 60)
            case 1 where !bytes.isEmpty: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            case 2: bytes = bytes.dropLast(2) + [UInt8.random(in: 0x60...0x9F, using: &random), UInt8.random(in: 0...255, using: &random)]
            case 3: bytes = bytes.dropLast(2) + bytes
            case 4: bytes.insert(contentsOf: random.bytes(upTo: 8), at: Int.random(in: 0...bytes.count, using: &random))
            default:
                for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            }
        }
    }

    private func randomCode(_ random: inout SeededRandom) -> TerminalVerificationResults {
        TerminalVerificationResults(rawValue: random.next() & random.next() & random.next() & 0xFF_FFFF_FFFF)
    }

    /// Scripts before and after the last cryptogram, now and then damaged.
    private func scripts(_ random: inout SeededRandom) -> [UInt8] {
        var data: [UInt8] = []
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let commands = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                TestCard.tlv(0x86, Bool.random(using: &random) ? "8418000008" + "1122334455667788" : random.bytes(upTo: 12).hex)
            }
            data += [UInt8](hex: TestCard.tlv(Bool.random(using: &random) ? 0x71 : 0x72, "9F180400000001" + commands.joined())) ?? []
        }
        if Int.random(in: 0..<4, using: &random) == 0, !data.isEmpty { data[Int.random(in: data.indices, using: &random)] ^= 0x55 }
        return data
    }

    private struct Run {
        var outcome: KernelOutcome?
        var commands = 0
        var requests: [UInt8] = []
        var wentOnline = false
    }

    private func run(_ kernel: ContactKernel, _ card: inout RandomCard, host: IssuerAnswer) -> Run {
        var (kernel, run) = (kernel, Run())
        var actions = kernel.on(.start(answerToReset: card.random.bytes(upTo: 33)))
        for _ in 0..<(bound + 50) {
            switch actions.first {
            case .transmit(let command):
                run.commands += 1
                if command.instruction == 0xAE { run.requests.append(command.p1) }
                #expect(throws: Never.self) { try command.serialized() }
                actions = kernel.on(.response(card.answer(command)))
            case .chooseApplication(let offered):
                actions = kernel.on(.applicationChosen(Int.random(in: 0..<offered.count, using: &card.random)))
            case .enterPIN(let request): actions = kernel.on(.pin(card.pin(request)))
            case .goOnline:
                run.wentOnline = true
                actions = kernel.on(.hostAnswered(host))
            case .finished(let outcome):
                if let first = run.outcome, first.verdict != outcome.verdict { Issue.record("scripts changed the outcome") }
                run.outcome = outcome
                guard outcome.hasPendingScripts else { return run }
                actions = kernel.on(.performScripts)
            case nil: return run
            }
        }
        return run
    }

    @Test("never trap, always end, never approve what was not asked for or is denied", arguments: [30, 80, 95, 100])
    func randomCards(honesty: Int) throws {
        var random = SeededRandom(seed: UInt64(honesty))
        var verdicts: [KernelOutcome.Verdict: Int] = [:]
        for _ in 0..<2_500 {
            var application = TestShop.lenient
            application.partialMatch = Bool.random(using: &random)
            (application.denial, application.online, application.default) = (randomCode(&random), randomCode(&random), randomCode(&random))
            application.floorLimit = Int64.random(in: 0...1000, using: &random)
            var terminal = TestShop.terminal
            terminal.type = TerminalType(rawValue: 0x20 + UInt8.random(in: 1...6, using: &random))
            terminal.cardholderSelection = Bool.random(using: &random)
            for method in [.sda, .dda, .cda] as [TerminalCapabilities] where Bool.random(using: &random) {
                terminal.capabilities.insert(method)
            }
            let transaction = TestShop.transaction(
                type: [0x00, 0x01, 0x09, 0x20].randomElement(using: &random) ?? 0, other: Int64.random(in: 0...1, using: &random),
                forceOnline: Bool.random(using: &random), selectionNumber: Int.random(in: 1...99, using: &random),
                attached: TerminalCapabilities(bytes: [0, UInt8.random(in: 0...255, using: &random), 0]) ?? [])
            application.randomSelection = RandomSelection(threshold: 200, targetPercentage: 20, maximumPercentage: 80)
            let issuerDenial = randomCode(&random)
            let profile: [UInt8] = [UInt8.random(in: 0...255, using: &random), 0]
            let list =
                "000001F4000001F4"
                + (0..<4).map { _ in
                    let codes: [UInt8] = [0x00, 0x41, 0x42, 0x43, 0x44, 0x01, 0x02, 0x5E, 0x1F, 0x5F, 0x60]
                    return [codes.randomElement(using: &random) ?? 0, UInt8.random(in: 0...10, using: &random)].hex
                }.joined()
            var card = RandomCard(
                random: random,
                card: TestCard.offlineCapable.with(profile: profile.hex).with(0x9F0E, issuerDenial.bytes.hex).with(0x8E, list)
                    .with(0x9F14, Bool.random(using: &random) ? "02" : nil).with(0x9F23, "04"),
                honesty: honesty)
            let hosts: [IssuerAnswer] = [
                .unableToGoOnline,
                .answered(authorisationResponseCode: [0x30, 0x30], approved: true, iccData: scripts(&random)),
                .answered(authorisationResponseCode: [0x30, 0x30], approved: true, iccData: random.bytes(upTo: 30)),
                .answered(
                    authorisationResponseCode: random.bytes(upTo: 3), approved: false,
                    iccData: [0x91, 0x08] + [UInt8](repeating: 1, count: 8)),
            ]
            let host = hosts[Int.random(in: hosts.indices, using: &random)]
            let kernel = TestShop.kernel(terminal: terminal, applications: [application], transaction: transaction)
            let result = run(kernel, &card, host: host)
            random = card.random

            let outcome = try #require(result.outcome, "the dialogue did not end")
            verdicts[outcome.verdict, default: 0] += 1
            #expect(result.commands <= bound)
            #expect(result.requests.count <= 2)
            guard outcome.verdict == .approved else { continue }
            #expect(result.requests.last == 0x40, "approved without having asked for a TC")
            #expect((outcome.receipt.cryptogramInformation ?? 0) & 0xC0 == 0x40)
            let results = try #require(TerminalVerificationResults(bytes: outcome.receipt.tvr))
            // The bits set after the first GENERATE AC are not part of the denial analysis.
            let analysed = results.subtracting([
                .issuerAuthenticationFailed, .scriptFailedBeforeFinalCryptogram, .scriptFailedAfterFinalCryptogram,
            ])
            #expect(analysed.isDisjoint(with: application.denial), "approved what the terminal denies")
            if honesty == 100 { #expect(analysed.isDisjoint(with: issuerDenial), "approved what the issuer denies") }
            if transaction.forceOnline {
                #expect(result.wentOnline, "approved offline what must go online")
                if case .unableToGoOnline = host { Issue.record("approved without the host what must go online") }
            }
            if case .answered(_, false, _) = host, result.wentOnline { Issue.record("approved what the issuer declined") }
        }
        if honesty >= 95 { #expect(verdicts[.approved, default: 0] > 20 && verdicts[.declined, default: 0] > 20, "\(verdicts)") }
        #expect(verdicts[.terminated, default: 0] > 0 || honesty == 100)
    }

    @Test("a card that answers every command with the same success is left after a bounded number of commands")
    func endless() throws {
        let record = TestCard.tlv(0x70, TestCard.tlv(0x61, TestCard.tlv(0x4F, "A000000003")))
        let selected = TestCard.tlv(0x6F, TestCard.tlv(0x84, "A0000000031010") + "A503880101")
        for applications in [1, 40] {
            let list = (0..<applications).map {
                ApplicationConfiguration(aid: [0xA0, 0, 0, 0, 3] + [UInt8](repeating: 0x10, count: $0 % 11))
            }
            var kernel = TestShop.kernel(applications: list)
            var actions = kernel.on(.start(answerToReset: []))
            var (commands, records) = (0, 0)
            while case .transmit(let command) = actions.first, commands <= bound {
                commands += 1
                if command.instruction == 0xB2 { records += 1 }
                let data = command.instruction == 0xB2 ? record : selected
                actions = kernel.on(.response(ResponseAPDU(data: try #require([UInt8](hex: data)), status: .success)))
                if case .chooseApplication = actions.first { actions = kernel.on(.applicationChosen(0)) }
            }
            #expect(commands <= bound && records == 64)
            guard case .finished = actions.first else {
                Issue.record("not finished after \(commands) commands")
                return
            }
        }
    }
}

extension String {
    /// With zeros in front.
    fileprivate func padding(_ length: Int) -> String { String(repeating: "0", count: max(0, length - count)) + suffix(length) }
}
