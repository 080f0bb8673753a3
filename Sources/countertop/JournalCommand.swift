import ArgumentParser
import Service
import Terminal

/// `countertop journal`: what the terminal has written down, for people and their tools. Works while the terminal runs.
struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: "Shows and checks the journal, and ends what the host will never answer.",
        subcommands: [List.self, Show.self, Export.self, Verify.self, Resolve.self])

    struct Place: ParsableArguments {
        @Option(help: "The configuration file, for its data folder.") var config = "/etc/countertop/countertop.yaml"
        @Option(help: "The data folder, in place of the configuration's.") var data: String?

        func open() throws -> SQLiteJournalStore {
            let folder: String
            if let data {
                folder = data
            } else {
                do { folder = try Configuration(contentsOf: config).dataDirectory } catch { throw ValidationError("\(error)") }
            }
            do { return try SQLiteJournalStore(path: folder + "/journal.sqlite", mustExist: true) } catch {
                throw ValidationError("\(error)")
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists transactions, newest first.")

        @OptionGroup var place: Place
        @Option(help: "Only this batch.") var batch: Int?
        @Option(help: "Only this state, such as reversalPending.") var state: String?
        @Option(help: "How many, at most.") var limit = 50

        func run() throws {
            let store = try place.open()
            var query = TransactionQuery()
            query.batchNumber = batch
            if let state {
                guard let known = TransactionState(rawValue: state) else { throw ValidationError("There is no state '\(state)'.") }
                query.state = known
            }
            var left = limit
            while left > 0 {
                query.limit = min(left, 200)
                let page = try store.page(query)
                for transaction in page.transactions { print(JournalCommand.line(transaction)) }
                left -= page.transactions.count
                guard let cursor = page.cursor else { break }
                query.cursor = cursor
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows every event of one transaction.")

        @OptionGroup var place: Place
        @Argument(help: "The transactionID.") var id: String

        func run() throws {
            let events = try place.open().events(of: TransactionID(id))
            if events.isEmpty { throw ValidationError("There is no transaction '\(id)'.") }
            for event in events { print("\(event.kind) \(event.body)") }
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Writes every event as one JSON object a line.")

        @OptionGroup var place: Place

        func run() throws {
            // Ids are hexadecimal and kinds are words: only the body needs no quoting, for it is JSON.
            try place.open().forEachEvent { event in
                print("{\"transaction\":\"\(event.transaction)\",\"kind\":\"\(event.kind)\",\"body\":\(event.body)}")
            }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Checks everything. Exit code 1: something is wrong; it is named.")

        @OptionGroup var place: Place

        func run() throws {
            let findings = try place.open().findings()
            if findings.isEmpty { return print("The journal is in order.") }
            for finding in findings { print(finding) }
            throw ExitCode.failure
        }
    }

    struct Resolve: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends what the host has not acknowledged, by your word; the reason is written into the journal.",
            discussion: "ID is a transactionID, or batch:NUMBER for a batch that the host does not agree with.")

        @OptionGroup var place: Place
        @Argument(help: "A transactionID, or batch:NUMBER.") var id: String
        @Option(help: "Why, for whoever reads it later.") var reason: String

        func validate() throws {
            if reason.allSatisfy(\.isWhitespace) { throw ValidationError("A reason must say something.") }
        }

        func run() throws {
            let store = try place.open()
            let now = SystemClock().wallTime
            if id.hasPrefix("batch:") {
                guard let number = Int(id.dropFirst(6)), try store.resolve(batch: number, reason: reason, at: now) else {
                    throw ValidationError("\(id) is no batch that waits for the host.")
                }
                return print("Batch \(number) is ended.")
            }
            let count = try store.resolve(TransactionID(id), reason: reason, at: now)
            if count == 0 { throw ValidationError("Nothing of '\(id)' waits for the host.") }
            print("\(count) message\(count == 1 ? "" : "s") of \(id) ended.")
        }
    }

    fileprivate static func line(_ transaction: JournaledTransaction) -> String {
        let answer = transaction.answer
        let parts = [
            transaction.id.description, answer?.transactionDate ?? transaction.acceptance.draft.transactionDate ?? "",
            answer?.transactionTime ?? "", transaction.acceptance.request.type.rawValue, "batch \(transaction.acceptance.batchNumber)",
            answer.map { "result \($0.result.rawValue)" } ?? "undecided", transaction.state?.rawValue ?? "-",
            answer?.totalAmount.map(String.init) ?? "-", answer?.authCode ?? "-",
        ]
        return parts.joined(separator: "  ")
    }
}
