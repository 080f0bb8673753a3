import USB

/// A receipt printer of class 7 that exists only as descriptors and endpoints; what it printed can be read.
public typealias VirtualPrinter = ModelledDevice<PrinterModel>

public struct PrinterModel: VirtualDeviceModel {
    var paper = Paper.present
    var coverOpen = false
    /// Receipts as they were cut, oldest first, at most `mostReceipts`.
    private(set) var receipts: [String] = []
    private var lines: [String] = []
    private var line = ""
    private var alignment: UInt8 = 0
    private var isDouble = false
    private var command: [UInt8] = []
    private var answers: [UInt8] = []
    let serialNumber: String

    public enum Paper: String, Sendable, CaseIterable { case present, low, out }

    static let bulkOut: UInt8 = 0x01
    static let bulkIn: UInt8 = 0x82
    static let mostReceipts = 100
    private static let columns = 42

    init(serialNumber: String) { self.serialNumber = serialNumber }

    // MARK: Printing

    /// Each byte either belongs to the command that has begun, begins one, or is printed.
    private mutating func print(_ byte: UInt8) {
        if command.isEmpty {
            switch byte {
            case 0x0A: endLine()
            case 0x10, 0x1B, 0x1D: command = [byte]
            case 0x20...0xFF where byte != 0x7F: line += byte == 0x80 ? "€" : String(UnicodeScalar(byte))
            default: break
            }
            return
        }
        command.append(byte)
        guard command.count >= Self.length(command) else { return }
        carryOut(command)
        command = []
    }

    /// How long a command is that begins so (Epson's ESC/POS reference, those that receipts use).
    private static func length(_ command: [UInt8]) -> Int {
        guard command.count > 1 else { return 2 }
        switch (command[0], command[1]) {
        case (0x1B, 0x40), (0x1B, 0x32): return 2
        case (0x1D, 0x56): return command.count > 2 && command[2] >= 0x41 ? 4 : 3
        case (0x1D, 0x4C), (0x1D, 0x57): return 4
        default: return 3
        }
    }

    private mutating func carryOut(_ command: [UInt8]) {
        switch (command[0], command[1]) {
        case (0x10, 0x04): answers.append(status(command[2]))
        case (0x1B, 0x40): (alignment, isDouble, line) = (0, false, "")
        case (0x1B, 0x61): alignment = command[2]
        case (0x1B, 0x64): for _ in 0..<command[2] { endLine() }
        case (0x1D, 0x21): isDouble = command[2] & 0x11 != 0
        case (0x1D, 0x56): cut()
        default: break
        }
    }

    private mutating func endLine() {
        let width = isDouble ? Self.columns / 2 : Self.columns
        let space = max(0, width - line.count)
        let before = alignment == 1 ? space / 2 : alignment == 2 ? space : 0
        lines.append(String(repeating: " ", count: before) + line)
        line = ""
    }

    private mutating func cut() {
        if !line.isEmpty { endLine() }
        receipts.append(lines.joined(separator: "\n") + "\n")
        if receipts.count > Self.mostReceipts { receipts.removeFirst() }
        lines = []
    }

    /// DLE EOT n.
    private func status(_ number: UInt8) -> UInt8 {
        switch number {
        case 1: paper == .out || coverOpen ? 0x1A : 0x12
        case 2: 0x12 | (coverOpen ? 0x04 : 0) | (paper == .out ? 0x20 : 0)
        case 4: 0x12 | (paper == .present ? 0 : 0x0C) | (paper == .out ? 0x60 : 0)
        default: 0x12
        }
    }

    // MARK: Model

    var ready: [UInt8] { (answers.isEmpty ? [] : [Self.bulkIn]) + (isOffline ? [] : [Self.bulkOut]) }
    private var isOffline: Bool { paper == .out || coverOpen }

    /// Class in the interface; string indices 1, 2, 3.
    var deviceDescriptor: [UInt8] { [18, 1] + le16(0x0200) + [0, 0, 0, 64] + le16(0x04B8) + le16(0x0E15) + le16(0x0100) + [1, 2, 3, 1] }

    /// Class 7, subclass 1, protocol 2: bidirectional.
    var configurationDescriptor: [UInt8] {
        let rest: [UInt8] =
            [9, 4, 0, 0, 2, 7, 1, 2, 0] + [7, 5, Self.bulkOut, 2, 64, 0, 0] + [7, 5, Self.bulkIn, 2, 64, 0, 0]
        return [9, 2] + le16(UInt16(truncatingIfNeeded: 9 + rest.count)) + [1, 1, 0, 0xC0, 1] + rest
    }

    var strings: [UInt8: String] { [1: "Countertop Lab", 2: "Virtual Receipt Printer", 3: serialNumber] }

    mutating func control(_ setup: USBSetup, data: [UInt8]) -> VirtualTransferResult {
        switch (setup.requestType, setup.request) {
        case (0xA1, 0):
            let text = Array("MFG:Countertop Lab;MDL:Virtual Receipt Printer;CMD:ESC/POS;CLS:PRINTER;".utf8)
            let length = UInt16(truncatingIfNeeded: text.count + 2)
            return .data([UInt8(length >> 8), UInt8(truncatingIfNeeded: length)] + text)
        // Bit 5 paper empty, bit 4 selected, bit 3 no error.
        case (0xA1, 1): return .data([paper == .out ? 0x30 : coverOpen ? 0x10 : 0x18])
        case (0x21, 2):
            powerLost()
            return .accepted
        default: return .stall
        }
    }

    /// An offline printer takes real-time commands and nothing else.
    mutating func out(_ endpoint: UInt8, _ data: [UInt8]) -> VirtualTransferResult {
        guard endpoint == Self.bulkOut else { return .stall }
        let isRealTime = data.count == 3 && data[0] == 0x10 && data[1] == 0x04
        guard isRealTime || !isOffline else { return .pending }
        for byte in data { print(byte) }
        return .accepted
    }

    mutating func take(_ endpoint: UInt8, length: Int) -> VirtualTransferResult {
        guard endpoint == Self.bulkIn else { return .stall }
        guard !answers.isEmpty else { return .pending }
        defer { answers.removeFirst(min(length, answers.count)) }
        return .data(Array(answers.prefix(length)))
    }

    /// Paper that was printed on stays printed.
    mutating func powerLost() {
        (lines, line, command, answers, alignment, isDouble) = ([], "", [], [], 0, false)
    }

    mutating func set(_ paper: Paper) { self.paper = paper }
    mutating func set(coverOpen: Bool) { self.coverOpen = coverOpen }
}

extension ModelledDevice where Model == PrinterModel {
    public convenience init(serialNumber: String = "LABPRINT01") { self.init(PrinterModel(serialNumber: serialNumber)) }

    /// What was printed and cut off, oldest first.
    public var receipts: [String] { change { $0.receipts } }
    public func setPaper(_ paper: PrinterModel.Paper) { change { $0.set(paper) } }
    public func setCover(open: Bool) { change { $0.set(coverOpen: open) } }
}
