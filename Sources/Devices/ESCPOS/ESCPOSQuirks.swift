/// Receipt printers that are not what class 7 promises. One row each.
struct ESCPOSQuirk: Sendable {
    enum Effect: Sendable, Hashable {
        /// Vendor class FF with the endpoints of a printer.
        case vendorClass
        /// Characters in a line, where it is not 42 (font A on 80 mm paper).
        case columns(Int)
        /// DLE EOT is not answered.
        case noRealTimeStatus
    }

    var vendorID: UInt16
    var productID: UInt16
    var effects: [Effect]
    var why: String
    var source: String

    static let table: [ESCPOSQuirk] = [
        ESCPOSQuirk(
            vendorID: 0x0416, productID: 0x5011, effects: [.columns(32), .noRealTimeStatus],
            why: "58 mm clones with a Winbond chip: 32 characters, and DLE EOT is printed as text by some firmwares",
            source: "python-escpos, device table and capability notes"),
        ESCPOSQuirk(
            vendorID: 0x0483, productID: 0x5743, effects: [.columns(32), .noRealTimeStatus],
            why: "58 mm clones with an STM32: as 0416:5011", source: "python-escpos, device table and capability notes"),
    ]

    static func effects(vendorID: UInt16, productID: UInt16) -> [Effect] {
        table.filter { $0.vendorID == vendorID && $0.productID == productID }.flatMap(\.effects)
    }
}
