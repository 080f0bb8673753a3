import ArgumentParser
import JSON
import Lab

struct CardsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cards", abstract: "The virtual cards. Their numbers and PINs are test data.", subcommands: [List.self, Show.self],
        defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the cards.")
        @Flag(help: "Name, PAN, expiry, PIN and AIDs of each, as JSON.") var json = false

        func run() throws {
            let cards = try CardProfiles.load()
            if json {
                say(JSONValue.array(cards.map(\.listing)).prettyText)
            } else {
                for card in cards { say(card.name + String(repeating: " ", count: max(1, 26 - card.name.count)) + card.summary) }
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints one card.")
        @Argument(help: "Name of the card.") var name: String

        func run() throws { say(try CardProfiles.named(name).listing.prettyText) }
    }
}
