import ArgumentParser
import Devices
import EMV
import Glibc
import Money
import Service
import SmartCard
import USB

/// One transaction on the attached reader, as far as the card goes without a host.
struct RunEMVCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs a transaction on the attached reader, offline, and says what card and terminal did.",
        discussion: "No money moves: the card is told that its issuer cannot be reached. Exit code 1: no reader or no card.")

    @Option(help: "Minor units of the currency.") var amount: Int64 = 100
    @Option(help: "ISO 4217, such as USD.") var currency = "USD"
    @Option(help: "sale, cash, cashback or refund.") var type = TransactionType.sale
    @Flag(help: "Also every command and every data object of the answers, card data masked.") var trace = false
    @Option(help: "The terminal's configuration, for its card table and authority keys; without it the built-in table and no keys.")
    var config: String?

    enum TransactionType: String, ExpressibleByArgument, CaseIterable {
        case sale, cash, cashback, refund

        /// 9C.
        var code: UInt8 {
            switch self {
            case .sale: 0x00
            case .cash: 0x01
            case .cashback: 0x09
            case .refund: 0x20
            }
        }
    }

    func run() async throws {
        guard let currency = Currency(self.currency), let money = Amount(minorUnits: self.amount, currency: currency) else {
            throw ValidationError("No such amount or currency.")
        }
        let run = try cardRun(money)
        let bus: LibUSBBus
        do { bus = try LibUSBBus(logger: makeLogger(level: .error)) } catch {
            throw ValidationError("USB cannot be used on this machine: \(error.message)")
        }
        let registry = DeviceRegistry(buses: [bus], logger: makeLogger(level: .error))
        let running = Task { await registry.run() }
        defer { running.cancel() }
        var readers = registry.chipReaders().makeAsyncIterator()
        print("Waiting for a reader with a card.")
        while let reader = await readers.next() {
            guard let reader else { continue }
            for await presence in reader.cardPresence() where presence != .absent {
                do throws(DeviceError) { return try await run.run(with: reader) { print($0) } } catch {
                    print("The reader or the card failed: \(error)")
                    throw ExitCode.failure
                }
            }
        }
        throw ExitCode.failure
    }

    private func cardRun(_ money: Amount) throws -> CardRun {
        let now = Self.now()
        let transaction = KernelTransaction(
            transactionType: type.code, amountAuthorised: money, amountOther: type == .cashback ? money : .zero(money.currency),
            date: now.date, time: now.time, sequenceCounter: 1, unpredictableNumber: (0..<4).map { _ in UInt8.random(in: 0...255) },
            forceOnline: true)
        do {
            guard let config else { return CardRun(transaction: transaction, cards: try CardTable.builtIn(), isTraced: trace) }
            return try CardRun(transaction: transaction, configuration: try Configuration(contentsOf: config), isTraced: trace)
        } catch let error as ConfigurationError {
            print("\(error)")
            throw ExitCode(ConfigurationError.exitCode)
        } catch let error as ServiceError {
            print("\(error)")
            throw ExitCode(ConfigurationError.exitCode)
        }
    }

    /// The machine's local date and time, as 9A and 9F21 have them.
    private static func now() -> (date: KernelDate, time: [UInt8]) {
        var seconds = time(nil)
        var local = tm()
        localtime_r(&seconds, &local)
        let digits = [local.tm_hour, local.tm_min, local.tm_sec].map { UInt8(clamping: $0 / 10 << 4 | $0 % 10) }
        return (KernelDate(year: Int(local.tm_year) + 1900, month: Int(local.tm_mon) + 1, day: Int(local.tm_mday)), digits)
    }
}
