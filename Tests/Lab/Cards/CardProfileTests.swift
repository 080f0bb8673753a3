import Keys
import MagneticStripe
import Testing

@testable import Lab

@Suite("Card profiles")
struct CardProfileTests {
    @Test("The lab's cards have names of their own, numbers of their own that pass Luhn, and are all there")
    func builtIn() throws {
        let profiles = try CardProfiles.load()
        #expect(
            profiles.map(\.name) == [
                "visa-credit", "mc-credit", "two-apps", "expired", "declines-after-approval", "no-common-aid", "sda-old", "wrong-sda",
                "wrong-dda", "forged-cert", "revoked-cert", "visa-debit", "mc-offline", "amex", "discover", "blocked-app", "blocked-card",
                "mute-midway", "script-fails", "bad-chip", "stripe-only", "gift",
            ])
        #expect(Set(profiles.map { $0.pan.withDigits { $0 } }).count == profiles.count)
        for profile in profiles {
            #expect(profile.pan.passesLuhnCheck, "\(profile.name)")
            #expect(!profile.summary.isEmpty)
        }
        #expect(try CardProfiles.named("expired").expiry < "260101")
        #expect(throws: LabError.self) { try CardProfiles.named("nothing") }
    }

    private static let good = String(decoding: PackageResources.visa_credit_yaml, as: UTF8.self)

    @Test(
        "A profile that is wrong names the key and the rule, never the value",
        arguments: [
            ("pan: \"4761739001010119\"", "pan: \"47617390\\u0661\"", "profile.pan"), ("pan:", "pam:", "profile.pan"),
            ("expiry: \"391231\"", "expiry: \"3912\"", "profile.expiry"),
            ("cardholder: COUNTERTOP/VISA", "cardholder: X", "profile.cardholder"),
            ("summary:", "summery:", "profile.summary"), ("aid: A0000000031010", "aid: A0", "application.aid"),
            ("aid: A0000000031010", "aid: hello", "application.aid"), ("supports: [dda,", "supports: [ddb,", "application.supports"),
            ("responseFormat: 1", "responseFormat: 3", "application.responseFormat"),
            ("cryptogramVersion: 18", "cryptogramVersion: 17", "application.cryptogramVersion"),
            ("keys: remainders", "keys: none", "application.keys"),
            ("keys: remainders", "keys: remainders\n    extra: 1", "application.extra"),
            ("pin: \"1234\"", "pin: \"12\"", "profile.pin"), ("version: \"0096\"", "version: \"96\"", "application.version"),
        ])
    func wrong(text: String, replacement: String, key: String) throws {
        let parts = Self.good.split(separator: text, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        #expect { try CardProfile(yaml: parts[0] + replacement + parts[1]) } throws: { error in
            let error = error as? LabError
            return error?.code == .badFile && error?.message.contains(key) == true && error?.message.contains("476173") == false
        }
    }

    @Test("The stripe says what the card says, as tracks that a terminal can read")
    func stripe() throws {
        for profile in try CardProfiles.load() {
            let card = try StripeCard(track1: profile.stripe.track1, track2: profile.stripe.track2)
            #expect(card.accountNumber == profile.pan)
            #expect(card.expiry?.yymm == String(profile.expiry.prefix(4)))
            #expect(card.serviceCode == ServiceCode(profile.serviceCode))
            // A card with a chip says so on its stripe.
            #expect(card.hasChip == (profile.chip != .none), "\(profile.name)")
        }
    }

    @Test("Text that is no profile is an error", arguments: ["", "hello", "- 1", "{}", "name: [", "applications: 3"])
    func rubbish(text: String) {
        #expect(throws: (any Error).self) { try CardProfile(yaml: text) }
    }

    @Test("No way of printing shows the PAN or PIN of a profile or a personalised card")
    func printing() throws {
        let profile = try CardProfiles.named("visa-credit")
        let personalised = try CardIssuer().personalise(profile)
        var shown = "\(profile) \(personalised) \(personalised.applications)"
        dump(profile, to: &shown)
        dump(personalised, to: &shown)
        #expect(!shown.contains("4761739001010119"))
        #expect(!shown.contains("1234"))
    }
}
