/// What a HID device says of its reports (HID 1.11, 6.2.2): which there are, how long, and what stands where in them.
public struct HIDReportDescriptor: Sendable, Hashable {
    public enum ReportKind: UInt8, Sendable, Hashable, CaseIterable { case input = 1, output = 2, feature = 3 }

    /// One item of a report: `count` values of `bitSize` bits each.
    public struct Field: Sendable, Hashable {
        public var usagePage: UInt16
        /// One usage for each value, or fewer: the last counts for the rest. Empty for padding.
        public var usages: [UInt16]
        /// From the beginning of the report's data, behind the report id.
        public var bitOffset: Int
        public var bitSize: Int
        public var count: Int
        /// The item's data: bit 0 constant, bit 1 variable, bit 8 buffered bytes.
        public var flags: UInt16

        public var isConstant: Bool { flags & 1 != 0 }
    }

    public struct Report: Sendable, Hashable {
        public var kind: ReportKind
        /// 0 where the device numbers no reports.
        public var id: UInt8
        public var fields: [Field]

        /// Length of the data without the report id.
        public var byteCount: Int { ((fields.last.map { $0.bitOffset + $0.bitSize * $0.count } ?? 0) + 7) / 8 }
    }

    public private(set) var reports: [Report] = []
    /// Usage page and usage of the first top-level collection.
    public private(set) var usagePage: UInt16 = 0
    public private(set) var usage: UInt16 = 0

    /// Bits that all fields of one report may have together; the longest report of a known device has 7,100.
    private static let longestReport = 65_536
    /// A descriptor's fields; more than a device can mean.
    private static let mostFields = 1_024

    public init(parsing bytes: [UInt8]) throws(DeviceError) {
        var parser = Parser()
        var index = 0
        while index < bytes.count {
            let prefix = bytes[index]
            index += 1
            // Long items (6.2.2.3) carry nothing that is defined.
            if prefix == 0xFE {
                guard index + 1 < bytes.count else { throw Self.malformed("a long item is cut off") }
                index += 2 + Int(bytes[index])
                guard index <= bytes.count else { throw Self.malformed("a long item is cut off") }
                continue
            }
            let size = prefix & 3 == 3 ? 4 : Int(prefix & 3)
            guard index + size <= bytes.count else { throw Self.malformed("the item at byte \(index - 1) is cut off") }
            var value: UInt32 = 0
            for offset in 0..<size { value |= UInt32(bytes[index + offset]) << UInt32(offset * 8) }
            index += size
            try parser.take(prefix & 0xFC, value, size, into: &self)
        }
        guard parser.depth == 0 else { throw Self.malformed("a collection is not closed") }
    }

    public func report(_ kind: ReportKind, id: UInt8 = 0) -> Report? { reports.first { $0.kind == kind && $0.id == id } }

    /// Whether reports begin with their number.
    public var hasReportIDs: Bool { reports.contains { $0.id != 0 } }

    /// The longest report of a kind as it goes over the wire.
    public func longest(_ kind: ReportKind) -> Int {
        (reports.filter { $0.kind == kind }.map(\.byteCount).max() ?? 0) + (hasReportIDs ? 1 : 0)
    }

    private static func malformed(_ what: String) -> DeviceError {
        DeviceError(.protocolViolation, "The device's report descriptor is malformed: \(what).")
    }

    private struct Globals {
        var usagePage: UInt16 = 0
        var reportSize = 0
        var reportCount = 0
        var reportID: UInt8 = 0
    }

    private struct Parser {
        var globals = Globals()
        var stack: [Globals] = []
        var usages: [UInt16] = []
        var usageMinimum: UInt16?
        var depth = 0
        var fieldCount = 0

        mutating func take(_ tag: UInt8, _ value: UInt32, _ size: Int, into descriptor: inout HIDReportDescriptor) throws(DeviceError) {
            switch tag {
            case 0x80: try add(.input, value, &descriptor)
            case 0x90: try add(.output, value, &descriptor)
            case 0xB0: try add(.feature, value, &descriptor)
            case 0xA0:
                if depth == 0, descriptor.usage == 0, descriptor.reports.isEmpty {
                    descriptor.usagePage = globals.usagePage
                    descriptor.usage = usages.first ?? 0
                }
                depth += 1
                guard depth <= 64 else { throw malformed("collections are nested too deep") }
                endMain()
            case 0xC0:
                guard depth > 0 else { throw malformed("a collection ends that did not begin") }
                depth -= 1
                endMain()
            case 0x04: globals.usagePage = UInt16(truncatingIfNeeded: value)
            case 0x74: globals.reportSize = Int(min(value, 0xFFFF))
            case 0x94: globals.reportCount = Int(min(value, 0xFFFF))
            case 0x84:
                guard (1...255).contains(value) else { throw malformed("report id \(value)") }
                globals.reportID = UInt8(truncatingIfNeeded: value)
            case 0xA4:
                guard stack.count < 16 else { throw malformed("pushed too often") }
                stack.append(globals)
            case 0xB4:
                guard let last = stack.popLast() else { throw malformed("popped without a push") }
                globals = last
            // A usage of four bytes has its page in front (6.2.2.8).
            case 0x08:
                guard usages.count < 4_096 else { throw malformed("too many usages") }
                usages.append(UInt16(truncatingIfNeeded: value))
            case 0x18: usageMinimum = UInt16(truncatingIfNeeded: value)
            case 0x28:
                let maximum = UInt16(truncatingIfNeeded: value)
                guard let minimum = usageMinimum, minimum <= maximum, usages.count + Int(maximum - minimum) < 4_096 else {
                    throw malformed("a usage range makes no sense")
                }
                usages += minimum...maximum
                usageMinimum = nil
            // Logical and physical limits, units and designators say nothing of where things stand.
            default: break
            }
        }

        private mutating func add(_ kind: ReportKind, _ flags: UInt32, _ descriptor: inout HIDReportDescriptor) throws(DeviceError) {
            fieldCount += 1
            guard fieldCount <= HIDReportDescriptor.mostFields else { throw malformed("too many fields") }
            let position: Int
            if let found = descriptor.reports.firstIndex(where: { $0.kind == kind && $0.id == globals.reportID }) {
                position = found
            } else {
                descriptor.reports.append(Report(kind: kind, id: globals.reportID, fields: []))
                position = descriptor.reports.count - 1
            }
            let before = descriptor.reports[position].fields.last
            let offset = before.map { $0.bitOffset + $0.bitSize * $0.count } ?? 0
            guard offset + globals.reportSize * globals.reportCount <= HIDReportDescriptor.longestReport else {
                throw malformed("a report is longer than any device's")
            }
            descriptor.reports[position].fields.append(
                Field(
                    usagePage: globals.usagePage, usages: usages, bitOffset: offset, bitSize: globals.reportSize,
                    count: globals.reportCount,
                    flags: UInt16(truncatingIfNeeded: flags)))
            endMain()
        }

        /// Local items count up to the next main item (6.2.2.8).
        private mutating func endMain() {
            usages = []
            usageMinimum = nil
        }

        private func malformed(_ what: String) -> DeviceError { HIDReportDescriptor.malformed(what) }
    }
}

extension HIDReportDescriptor.Report {
    /// Where the values with a usage stand in the data, as bytes; `nil` when the report has none, or they do not begin and end with bytes.
    /// `count` is 1 for one of several usages in one field, the whole field when it has this usage alone.
    public func bytes(page: UInt16, usage: UInt16) -> Range<Int>? {
        for field in fields where field.usagePage == page && !field.isConstant {
            guard let index = field.usages.firstIndex(of: usage), index < field.count else { continue }
            guard field.bitSize.isMultiple(of: 8), field.bitOffset.isMultiple(of: 8) else { return nil }
            // The last usage counts for all values that are left (6.2.2.8).
            let last = index == field.usages.count - 1 ? field.count : index + 1
            let start = field.bitOffset / 8
            return (start + index * field.bitSize / 8)..<(start + last * field.bitSize / 8)
        }
        return nil
    }
}
