/// The udev rules of this version.
enum UdevRules {
    static var text: String { String(decoding: PackageResources._0_countertop_rules, as: UTF8.self) }
}
