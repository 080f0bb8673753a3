/// The cards that come with the lab: the YAML files of `Profiles`, built into the program.
public enum CardProfiles {
    /// In the order of `countertop-lab cards list`.
    public static func load() throws -> [CardProfile] {
        try files.map { try CardProfile(yaml: String(decoding: $0, as: UTF8.self)) }
    }

    /// `unknownCard` names the cards there are.
    public static func named(_ name: String) throws -> CardProfile {
        let profiles = try load()
        guard let profile = profiles.first(where: { $0.name == name }) else {
            throw LabError(.unknownCard, "no card \"\(name)\"; there are \(profiles.map(\.name).joined(separator: ", "))")
        }
        return profile
    }

    private static let files: [[UInt8]] = [
        PackageResources.visa_credit_yaml, PackageResources.mc_credit_yaml, PackageResources.two_apps_yaml, PackageResources.expired_yaml,
        PackageResources.declines_after_approval_yaml, PackageResources.no_common_aid_yaml,
        PackageResources.sda_old_yaml, PackageResources.wrong_sda_yaml, PackageResources.wrong_dda_yaml,
        PackageResources.forged_cert_yaml, PackageResources.revoked_cert_yaml,
        PackageResources.visa_debit_yaml, PackageResources.mc_offline_yaml, PackageResources.amex_yaml, PackageResources.discover_yaml,
        PackageResources.blocked_app_yaml, PackageResources.blocked_card_yaml, PackageResources.mute_midway_yaml,
        PackageResources.script_fails_yaml, PackageResources.bad_chip_yaml, PackageResources.stripe_only_yaml, PackageResources.gift_yaml,
    ]
}
