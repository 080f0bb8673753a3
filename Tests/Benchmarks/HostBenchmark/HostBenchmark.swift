import Glibc
import Hex
import ISO8583
import Keys
import Lab
import Logging
import Money
import NIOPosix
import PaymentHost

/// Measures for `Tests/Benchmarks/host.py`; one line of JSON each.
///
///     HostBenchmark codec SECONDS   messages as hexadecimal lines on standard input, parsed and built again; processor time
///     HostBenchmark parse N         the same, parsed N times, for a count of allocations from outside
///     HostBenchmark build N         and parsed once and built N times
///     HostBenchmark link SECONDS    exchanges between the link and the host simulator in one process, over TLS
@main
enum HostBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let what = arguments.first, let seconds = arguments.dropFirst().first.flatMap(Double.init) else {
            throw Failure(description: "usage: HostBenchmark codec|parse|build|link NUMBER")
        }
        switch what {
        case "codec": try codec(seconds: seconds)
        case "parse": try parse(times: Int(seconds))
        case "build": try build(times: Int(seconds))
        case "link": try await link(.seconds(seconds))
        default: throw Failure(description: "There is no measure \(what).")
        }
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    private static func messages() throws -> [[UInt8]] {
        var messages: [[UInt8]] = []
        while let line = readLine() {
            guard let bytes = [UInt8](hex: line) else { throw Failure(description: "not hexadecimal: \(line)") }
            messages.append(bytes)
        }
        return messages
    }

    /// Processor time of this process in seconds.
    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func codec(seconds: Double) throws {
        let dialect = try Dialect.named("iso8583-1993")
        let decoder = MessageDecoder(dialect: dialect)
        let encoder = MessageEncoder(dialect: dialect)
        let messages = try messages()
        for bytes in messages {
            guard try encoder.encode(decoder.decode(bytes).message) == bytes else { throw Failure(description: "not the same again") }
        }
        var count = 0
        let begin = processorSeconds()
        repeat {
            for _ in 0..<100 {
                for bytes in messages { count += try encoder.encode(decoder.decode(bytes).message).count == bytes.count ? 1 : 0 }
            }
        } while processorSeconds() - begin < seconds
        print(#"{"messages":\#(count),"seconds":\#(processorSeconds() - begin)}"#)
    }

    private static func parse(times: Int) throws {
        let decoder = MessageDecoder(dialect: try Dialect.named("iso8583-1993"))
        var fields = 0
        for bytes in try messages() {
            for _ in 0..<times { fields += try decoder.decode(bytes).message.contains(11) ? 1 : 0 }
        }
        print(#"{"parsed":\#(fields)}"#)
    }

    private static func build(times: Int) throws {
        let dialect = try Dialect.named("iso8583-1993")
        let encoder = MessageEncoder(dialect: dialect)
        var size = 0
        for bytes in try messages() {
            let message = try MessageDecoder(dialect: dialect).decode(bytes).message
            for _ in 0..<times { size += try encoder.encode(message).count }
        }
        print(#"{"bytes":\#(size)}"#)
    }

    private static func link(_ time: Duration) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let folder = try TemporaryFolder.make()
        let authority = try SiteCertificateAuthority.open(directory: folder, now: 1_785_240_000)
        let names = try CertificateNames(hosts: ["localhost"], addresses: ["127.0.0.1"])
        var logger = Logger(label: "bench")
        logger.logLevel = .critical
        let dialect = try Dialect.named("iso8583-1993")
        var host = HostSimulator.Configuration(
            dialect: dialect, transport: .tls(try authority.serverCertificate(directory: folder, names: names, now: 1_785_240_000)))
        host.port = 0
        let simulator = try HostSimulator(host, on: group, logger: logger)
        let port = try await simulator.start()
        let numbers = Numbers()
        let link = try HostLink(
            configuration: HostLinkConfiguration(
                addresses: [.init(host: "127.0.0.1", port: port)],
                security: .tls(.init(authorityFile: folder + "/ca.pem", serverName: "localhost")),
                dialect: dialect, macKey: LabKeys.hostMAC,
                merchant: MerchantIdentity(
                    terminalID: "TERM0001", merchantID: "MERCHANT0000001", nameAndLocation: "BENCH", categoryCode: "5999",
                    acquirerID: "12345")),
            environment: .init(
                nextSTAN: { await numbers.next() }, dateTimes: { WireDateTimes(local: "260728120000", transmission: "0728120000") }),
            logger: logger, group: group)
        link.start()
        var results: [String] = []
        for window in [1, 8] {
            let count = try await exchanges(link, numbers, window, time)
            results.append(#""\#(window)":\#(Double(count) / (time / .seconds(1)))"#)
        }
        await link.shutdown()
        await simulator.stop()
        print("{\(results.joined(separator: ","))}")
    }

    private actor Numbers {
        private var last = 0
        func next() -> Int {
            last = last % 999_999 + 1
            return last
        }
    }

    /// Exchanges in `time` with `window` of them in flight.
    private static func exchanges(_ link: HostLink, _ numbers: Numbers, _ window: Int, _ time: Duration) async throws -> Int {
        let end = ContinuousClock.now + time
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<window {
                group.addTask {
                    var count = 0
                    while ContinuousClock.now < end {
                        let request = try sale(await numbers.next())
                        guard case .answered(let answer) = await link.exchange(request, deadline: .now + .seconds(30)), answer.approved
                        else {
                            throw Failure(description: "an exchange was not approved")
                        }
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
    }

    private static func sale(_ stan: Int) throws -> HostRequest {
        guard let currency = Currency("USD"), let amount = Amount(minorUnits: 500, currency: currency), let pan = PAN("4761739001010119")
        else {
            throw Failure(description: "no sale")
        }
        let exchange = ExchangeIdentity(
            mti: "1200", stan: stan, localDateTime: "260728120000", transmissionDateTime: "0728120000", retrievalReference: "620900000001")
        return .financial(
            FinancialRequest(
                exchange: exchange, functionCode: FunctionCode.financial, processingCode: ProcessingCode.goods.text(), amount: amount,
                card: .clear(
                    HostCardData(
                        pan: pan, expiry: "3012", track2: SecretBytes("4761739001010119=3012201".utf8), panSequenceNumber: nil, iccData: nil
                    )),
                entryMode: .swiped, authentication: .signature, batchNumber: 1))
    }
}
