import USB

/// The HID part of a virtual device: descriptors, and the queue of input reports with what goes wrong with them.
struct HIDFunction: Sendable {
    /// What goes wrong with the next input report.
    enum Fault: Sendable, Hashable {
        /// It never comes (NAK).
        case lost
        /// Its last byte is missing.
        case short
        /// Other bytes of the same length.
        case garbage
        /// STALL in its place.
        case stall
        /// It comes twice.
        case doubled
        /// It comes behind the next one: reports in the wrong order.
        case late
    }

    /// HID 1.11, 7.2.1.
    enum ReportKind: UInt8, Sendable { case output = 2, feature = 3 }

    var vendorID: UInt16
    var productID: UInt16
    var product: String
    var serialNumber: String
    var reportDescriptor: [UInt8]
    var packetSize: UInt8
    var interval: UInt8 = 1
    var faults: [Fault] = []
    private var reports: [[UInt8]] = []
    private var stalls = 0
    private var late: [[UInt8]] = []

    static let interruptIn: UInt8 = 0x81

    init(
        vendorID: UInt16, productID: UInt16, product: String, serialNumber: String, reportDescriptor: [UInt8], packetSize: UInt8,
        interval: UInt8 = 1
    ) {
        self.vendorID = vendorID
        self.productID = productID
        self.product = product
        self.serialNumber = serialNumber
        self.reportDescriptor = reportDescriptor
        self.packetSize = packetSize
        self.interval = interval
    }

    /// USB 2.0, table 9-8.
    var deviceDescriptor: [UInt8] {
        [18, 1] + le16(0x0200) + [0, 0, 0, 64] + le16(vendorID) + le16(productID) + le16(0x0100) + [1, 2, 3, 1]
    }

    /// USB 2.0, tables 9-10, 9-12 and 9-13; HID 1.11, 6.2.1.
    var configurationDescriptor: [UInt8] {
        let interface: [UInt8] = [9, 4, 0, 0, 1, 3, 0, 0, 0]
        let hid: [UInt8] = [9, 0x21] + le16(0x0111) + [0, 1, 0x22] + le16(UInt16(truncatingIfNeeded: reportDescriptor.count))
        let endpoint: [UInt8] = [7, 5, Self.interruptIn, 3] + le16(UInt16(packetSize)) + [interval]
        let rest = interface + hid + endpoint
        return [9, 2] + le16(UInt16(truncatingIfNeeded: 9 + rest.count)) + [1, 1, 0, 0x80, 50] + rest
    }

    var strings: [UInt8: String] { [1: "Countertop Lab", 2: product, 3: serialNumber] }

    var ready: [UInt8] { reports.isEmpty && stalls == 0 ? [] : [Self.interruptIn] }

    /// GET_DESCRIPTOR(report); `nil` for any other request.
    func descriptorRequest(_ setup: USBSetup) -> VirtualTransferResult? {
        guard setup.requestType == 0x81, setup.request == 6 else { return nil }
        return setup.value == 0x2200 ? .data(reportDescriptor) : .stall
    }

    mutating func send(_ report: [UInt8]) {
        let fault = faults.isEmpty ? nil : faults.removeFirst()
        switch fault {
        case nil: reports.append(report)
        case .lost: break
        case .short: reports.append(Array(report.dropLast()))
        case .garbage: reports.append(report.enumerated().map { UInt8(truncatingIfNeeded: $0.offset &* 37 &+ 11) ^ $0.element })
        case .stall: stalls += 1
        case .doubled: reports += [report, report]
        case .late: return late.append(report)
        }
        reports += late
        late = []
    }

    mutating func take(_ endpoint: UInt8, length: Int) -> VirtualTransferResult {
        guard endpoint == Self.interruptIn else { return .stall }
        if stalls > 0 {
            stalls -= 1
            return .stall
        }
        guard let first = reports.first else { return .pending }
        if first.count > length {
            reports[0] = Array(first.dropFirst(length))
            return .data(Array(first.prefix(length)))
        }
        reports.removeFirst()
        return .data(first)
    }

    mutating func powerLost() {
        reports = []
        late = []
        faults = []
        stalls = 0
    }
}

/// A model whose device is one HID interface: everything but the reports is the same for all.
protocol HIDDeviceModel: VirtualDeviceModel {
    var hid: HIDFunction { get set }
    /// A report from the host (SET_REPORT); `false` is a stall.
    mutating func obey(_ report: [UInt8], as kind: HIDFunction.ReportKind) -> Bool
    /// The feature report that the host asks for (GET_REPORT); `nil` is a stall.
    mutating func feature(_ id: UInt8) -> [UInt8]?
}

extension HIDDeviceModel {
    var ready: [UInt8] { hid.ready }
    var deviceDescriptor: [UInt8] { hid.deviceDescriptor }
    var configurationDescriptor: [UInt8] { hid.configurationDescriptor }
    var strings: [UInt8: String] { hid.strings }

    mutating func feature(_ id: UInt8) -> [UInt8]? { nil }

    mutating func control(_ setup: USBSetup, data: [UInt8]) -> VirtualTransferResult {
        if let answer = hid.descriptorRequest(setup) { return answer }
        switch (setup.requestType, setup.request, HIDFunction.ReportKind(rawValue: UInt8(setup.value >> 8))) {
        case (0x21, 9, .some(let kind)): return obey(data, as: kind) ? .accepted : .stall
        case (0xA1, 1, .feature): return feature(UInt8(truncatingIfNeeded: setup.value)).map { .data($0) } ?? .stall
        // SET_IDLE, which every host sends.
        case (0x21, 0x0A, _): return .accepted
        default: return .stall
        }
    }

    mutating func out(_ endpoint: UInt8, _ data: [UInt8]) -> VirtualTransferResult { .stall }
    mutating func take(_ endpoint: UInt8, length: Int) -> VirtualTransferResult { hid.take(endpoint, length: length) }
}

extension ModelledDevice where Model: HIDDeviceModel {
    func inject(_ fault: HIDFunction.Fault) { change { $0.hid.faults.append(fault) } }
}
