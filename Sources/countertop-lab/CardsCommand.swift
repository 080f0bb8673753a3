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
            let cards = try CardProfiles.all()
            if json {
                say(JSONValue.array(cards.map(\.json)).prettyText)
            } else {
                for card in cards { say(card.name) }
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints one card's profile.")
        @Argument(help: "Name of the card.") var name: String

        func run() throws { say(try CardProfiles.text(of: name)) }
    }
}
