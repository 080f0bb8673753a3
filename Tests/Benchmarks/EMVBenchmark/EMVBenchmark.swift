import EMV
import Glibc
import Hex
import Lab
import Money
import SmartCard

/// Measures for `Tests/Benchmarks/emv.py`; one line of JSON each.
///
///     EMVBenchmark sale SECONDS   a card profile (YAML) on standard input: the kernel's own time for a whole sale, card and host time out
///     EMVBenchmark tlv SECONDS    templates as hexadecimal lines on standard input, parsed again and again
///     EMVBenchmark count N        the same, N times each, for a count of allocations from outside
@main
enum EMVBenchmark {
    struct Failure: Error, CustomStringConvertible { let description: String }

    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let what = arguments.first, let number = arguments.dropFirst().first.flatMap(Double.init), number > 0 else {
            throw Failure(description: "usage: EMVBenchmark sale|tlv|count NUMBER")
        }
        switch what {
        case "sale": try sale(seconds: number)
        case "tlv": try parse(seconds: number)
        case "count": try parse(times: Int(number))
        default: throw Failure(description: "There is no measure \(what).")
        }
    }

    /// Processor time of this process in seconds.
    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    // MARK: TLV

    private static func templates() throws -> [[UInt8]] {
        var templates: [[UInt8]] = []
        while let line = readLine() {
            guard let bytes = [UInt8](hex: line) else { throw Failure(description: "not hexadecimal: \(line)") }
            templates.append(bytes)
        }
        return templates
    }

    private static func parse(seconds: Double) throws {
        let templates = try templates()
        var (count, objects) = (0, 0)
        let begin = processorSeconds()
        repeat {
            for _ in 0..<1000 { for template in templates { objects += try BERTLV.parse(template).first?.children.count ?? 0 } }
            count += 1000 * templates.count
        } while processorSeconds() - begin < seconds
        print("{\"parsed\": \(count), \"objects\": \(objects), \"seconds\": \(processorSeconds() - begin)}")
    }

    private static func parse(times: Int) throws {
        let templates = try templates()
        var objects = 0
        for _ in 0..<times { for template in templates { objects += try BERTLV.parse(template).first?.children.count ?? 0 } }
        print("{\"parsed\": \(times * templates.count), \"objects\": \(objects)}")
    }

    // MARK: A sale

    /// What the card and the host said in one sale, to be played again: the kernel decides the same from the same inputs.
    private struct Recording {
        var responses: [ResponseAPDU] = []
        var hostAnswer: IssuerAnswer?
        var commands = 0
    }

    private static func sale(seconds: Double) throws {
        var yaml = ""
        while let line = readLine(strippingNewline: false) { yaml += line }
        let card = try CardIssuer().issue(try CardProfile(yaml: yaml))
        let make = try kernelFactory()
        let recording = try record(make(), card)
        var count = 0
        let begin = processorSeconds()
        repeat {
            for _ in 0..<10 { try play(recording, make()) }
            count += 10
        } while processorSeconds() - begin < seconds
        print("{\"sales\": \(count), \"commands\": \(recording.commands), \"seconds\": \(processorSeconds() - begin)}")
    }

    private static func kernelFactory() throws -> () -> ContactKernel {
        guard let currency = Currency("USD"), let amount = Amount(minorUnits: 1250, currency: currency) else {
            throw Failure(description: "no amount")
        }
        var terminal = TerminalData()
        terminal.capabilities.formUnion([.sda, .dda, .cda])
        let applications = ["A0000000031010", "A0000000041010"].map { ApplicationConfiguration(aid: [UInt8](hex: $0) ?? []) }
        let transaction = KernelTransaction(
            transactionType: 0, amountAuthorised: amount, amountOther: .zero(currency), date: KernelDate(year: 2026, month: 1, day: 5),
            time: [0x12, 0, 0], sequenceCounter: 1, unpredictableNumber: [0x52, 0xBF, 0x45, 0x85], forceOnline: true)
        let keys = try TestCertificationAuthority.terminalKeys()
        return { ContactKernel(terminal: terminal, applications: applications, transaction: transaction, authorities: keys) }
    }

    private static func record(_ kernel: ContactKernel, _ card: EMVCard) throws -> Recording {
        var (kernel, recording) = (kernel, Recording())
        guard let reset = card.reset() else { throw Failure(description: "the card is mute") }
        var actions = kernel.on(.start(answerToReset: reset))
        while let action = actions.first {
            switch action {
            case .transmit(let command):
                guard let answer = card.process(try command.serialized()) else { throw Failure(description: "the card is mute") }
                let response = try ResponseAPDU.parse(answer)
                recording.responses.append(response)
                actions = kernel.on(.response(response))
            case .goOnline(let request):
                let verdict = IssuerCryptography().verify(
                    iccData: request.iccData, pan: request.card.pan, panSequenceNumber: request.card.panSequenceNumber)
                guard case .valid(let verified) = verdict else { throw Failure(description: "the issuer does not know the card") }
                let code = Array("00".utf8)
                let answer = IssuerAnswer.answered(
                    authorisationResponseCode: code, approved: true, iccData: try verified.responseICCData(responseCode: code))
                recording.hostAnswer = answer
                actions = kernel.on(.hostAnswered(answer))
            case .finished(let outcome):
                try check(outcome)
                recording.commands = recording.responses.count
                return recording
            case .chooseApplication, .enterPIN: throw Failure(description: "this card asks its cardholder")
            }
        }
        throw Failure(description: "the kernel fell silent")
    }

    private static func play(_ recording: Recording, _ kernel: ContactKernel) throws {
        var kernel = kernel
        var responses = recording.responses[...]
        var actions = kernel.on(.start(answerToReset: []))
        while let action = actions.first {
            switch action {
            case .transmit(let command):
                // What a reader would be given counts as the kernel's.
                _ = try command.serialized()
                guard let response = responses.popFirst() else { throw Failure(description: "the kernel asked for more") }
                actions = kernel.on(.response(response))
            case .goOnline:
                guard let answer = recording.hostAnswer else { throw Failure(description: "nothing recorded of the host") }
                actions = kernel.on(.hostAnswered(answer))
            case .finished(let outcome): return try check(outcome)
            case .chooseApplication, .enterPIN: throw Failure(description: "another dialogue than the recorded one")
            }
        }
        throw Failure(description: "the kernel fell silent")
    }

    /// Approved, data authentication performed and nothing failed: otherwise not the work that is measured.
    private static func check(_ outcome: KernelOutcome) throws {
        guard outcome.verdict == .approved, outcome.receipt.tvr.first == 0, (outcome.receipt.tsi.first ?? 0) & 0x80 != 0 else {
            throw Failure(
                description: "not an approved sale with data authentication: \(outcome.reason ?? "") TVR \(outcome.receipt.tvr.hex)")
        }
    }
}
