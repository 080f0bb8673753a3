import ArgumentParser
import Foundation
import JSON
import Lab

struct CardsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cards", abstract: "The virtual cards. Their numbers and PINs are test data.",
        subcommands: [List.self, Show.self, Issue.self],
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

    struct Issue: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Personalises a card of your own: checks the profile and prints what would be on the chip.",
            discussion: "Certificates are signed by the lab's own authorities. Their keys protect nothing.")
        @Argument(help: "A profile as in Sources/Lab/Cards/Profiles.") var profile: String

        func run() throws {
            guard let text = try? String(contentsOfFile: profile, encoding: .utf8) else {
                throw ValidationError("\(profile) is not there or cannot be read as UTF-8 text.")
            }
            do { say(try CardIssuer().issuedRecords(try CardProfile(yaml: text)).prettyText) } catch let error as LabError {
                throw ValidationError("\(error)")
            }
        }
    }
}
