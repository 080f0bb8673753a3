/// The MagTek devices that are known, and what of each is not as its documents or its report descriptor say.
struct MagTekModel: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        /// Clear tracks, 337 bytes.
        case sureSwipe
        /// Encrypted tracks, 887 bytes.
        case magneSafe
        /// PIN pad with stripe reader.
        case dynaPro
        /// Known, and not served; the text says why.
        case unsupported(String)
    }

    var productID: UInt16
    var name: String
    var kind: Kind
    var why: String
    var source: String

    static let vendorID: UInt16 = 0x0801

    static let table: [MagTekModel] = [
        MagTekModel(
            productID: 0x0002, name: "SureSwipe", kind: .sureSwipe,
            why: "Clear tracks; MagneSafe readers set to SureSwipe (property 38) have the same number",
            source: "MagTek D99875191, pages 13 to 18"),
        MagTekModel(
            productID: 0x0011, name: "MagneSafe V5", kind: .magneSafe,
            why: "Firmware before 2008 sends 856 bytes instead of 887: lengths and version are missing at the end",
            source: "MagTek D99875475, pages 4 to 9"),
        MagTekModel(
            productID: 0x0013, name: "MagneSafe V5 insert reader", kind: .magneSafe,
            why: "Reports once at insertion and once at removal; the half without data is no swipe", source: "MagTek D99875475, page 7"),
        MagTekModel(
            productID: 0x0014, name: "MagneSafe V5 wireless reader on its cable", kind: .magneSafe, why: "As 0011",
            source: "MagTek D99875475, appendix F"),
        MagTekModel(
            productID: 0x3009, name: "DynaPro Mini", kind: .dynaPro,
            why: "Bits of the key status changed their meaning between 2014 and 2018: any value but 0 means no usable key",
            source: "MagTek 99875629 rev. 2.01, page 85; D99875629-43, page 104"),
        MagTekModel(
            productID: 0x0001, name: "reader in keyboard emulation",
            kind: .unsupported("The reader types card data like a keyboard. Set it to HID with MagTek's tool (interface property 10)."),
            why: "Card data in clear on the console is never wanted", source: "MagTek D99875475, page 3"),
    ]

    static func of(vendorID: UInt16, productID: UInt16) -> MagTekModel? {
        guard vendorID == Self.vendorID else { return nil }
        return table.first { $0.productID == productID }
    }
}
