/// The ID TECH devices that are known by number, and what of each is special. NEO readers are known by their descriptors instead: their numbers
/// are not published.
struct IDTechModel: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        /// Stripe reader with ID TECH's output over HID.
        case secureMag
        /// PIN pad without a stripe reader.
        case smartPIN
        /// Known, and not served; the text says why.
        case unsupported(String)
    }

    var productID: UInt16
    var name: String
    var kind: Kind
    var why: String
    var source: String

    static let vendorID: UInt16 = 0x0ACD

    static let table: [IDTechModel] = [
        IDTechModel(
            productID: 0x2010, name: "SecureMag, ID TECH structure", kind: .secureMag,
            why: "Clear until a key is loaded; then the original or the enhanced format, by setting 85",
            source: "ID TECH SecureHead user manual, 4.1.1 and 4.1.2; SecureMag 80096504, pages 39 to 48"),
        IDTechModel(
            productID: 0x2020, name: "SecureMag, other structure", kind: .secureMag,
            why: "Sends the framed message without the header of nine bytes", source: "ID TECH SecureHead user manual, 4.1.2"),
        IDTechModel(
            productID: 0x2030, name: "SecureMag in keyboard emulation",
            kind: .unsupported("The reader types card data like a keyboard. Set it to USB HID with ID TECH's tool."),
            why: "Card data on the console is never wanted", source: "ID TECH SecureHead user manual, 4.1.2"),
        IDTechModel(
            productID: 0x0850, name: "SmartPIN K100", kind: .smartPIN,
            why:
                "Takes account numbers of exactly 16 digits: others go with zeros in front or without their first digits, which leaves the PIN block the same",
            source: "ID TECH 80114510-001, pages 10 to 14"),
    ]

    static func of(vendorID: UInt16, productID: UInt16) -> IDTechModel? {
        guard vendorID == Self.vendorID else { return nil }
        return table.first { $0.productID == productID }
    }
}
