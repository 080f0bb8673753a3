extension Dialect {
    /// Dialects that ship, by name.
    public static let embeddedNames = ["iso8583-1993", "iso8583-1987"]

    /// A dialect that ships.
    public static func named(_ name: String) throws(ISO8583Error) -> Dialect {
        switch name {
        case "iso8583-1993": try Dialect(yaml: String(decoding: PackageResources.iso8583_1993_yaml, as: UTF8.self))
        case "iso8583-1987": try Dialect(yaml: String(decoding: PackageResources.iso8583_1987_yaml, as: UTF8.self))
        default: throw ISO8583Error(.dialect, name, "no such dialect; there are \(embeddedNames.joined(separator: ", "))")
        }
    }
}
