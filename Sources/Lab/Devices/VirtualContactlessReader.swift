import EMV
import SmartCard
import USB

/// A contactless reader of the NEO kind that exists only as descriptors and reports: ViVOtech2 frames, transactions by 02-40.
public typealias VirtualContactlessReader = ModelledDevice<ContactlessReaderModel>

public struct ContactlessReaderModel: HIDDeviceModel {
    var hid: HIDFunction
    /// A transaction that waits for a card.
    private(set) var isWaiting = false
    private var request: ContactlessKernel.Request?
    private var incoming: [UInt8] = []
    private var taps: UInt32 = 0

    private static let tag = Array("ViVOtech2".utf8) + [0]

    /// Vendor page FF00; input and output reports 1 to 4 of 63 bytes.
    static let reportDescriptor: [UInt8] = {
        var bytes: [UInt8] = [0x06, 0x00, 0xFF, 0x09, 0x01, 0xA1, 0x01, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08]
        for id: UInt8 in 1...4 { bytes += [0x85, id, 0x95, 63, 0x09, 0x01, 0x81, 0x02, 0x95, 63, 0x09, 0x01, 0x91, 0x02] }
        return bytes + [0xC0]
    }()

    init(serialNumber: String) {
        hid = HIDFunction(
            vendorID: 0x0ACD, productID: 0x4150, product: "Virtual Contactless Reader", serialNumber: serialNumber,
            reportDescriptor: Self.reportDescriptor, packetSize: 64)
    }

    // MARK: Tapping

    /// A card in the field; nothing happens when no transaction waits.
    mutating func tap(_ card: any VirtualCard) {
        guard isWaiting, let request else { return }
        isWaiting = false
        switch ContactlessKernel.tap(card, request) {
        // Attribution: contactless EMV, nothing encrypted. Status 23 asks for the host.
        case .online(let objects): answer(0x02, 0x23, [0x01] + objects.encoded)
        case .declined: answer(0x02, 0x00, [0x01] + [BERTLV(0x9F27, [0x00])].encoded)
        case .failed: answer(0x02, 0x0A, [0xFF, 0xEE, 0x1F, 0x04, 0x30, 0, 0, 0])
        }
    }

    // MARK: Frames

    private mutating func received(_ report: [UInt8]) {
        guard let id = report.first else { return }
        switch id {
        case 1, 2: incoming = Array(report.dropFirst())
        case 3, 4: incoming += report.dropFirst()
        default: return
        }
        guard incoming.count >= 16, incoming.starts(with: Self.tag) else { return }
        let length = Int(incoming[12]) << 8 | Int(incoming[13])
        guard incoming.count >= 16 + length else { return }
        let frame = Array(incoming.prefix(16 + length))
        incoming = []
        let check = Self.check(frame[..<(14 + length)])
        // Least significant byte first, as the manual has it for commands.
        guard frame[14 + length] == UInt8(truncatingIfNeeded: check), frame[15 + length] == UInt8(check >> 8) else {
            return answer(frame[10], 0x04, [])
        }
        carryOut(frame[10], frame[11], Array(frame[14..<(14 + length)]))
    }

    private mutating func carryOut(_ command: UInt8, _ second: UInt8, _ data: [UInt8]) {
        switch (command, second) {
        case (0x18, 0x01), (0x01, 0x01): answer(command, 0, [])
        case (0x29, 0x00): answer(command, 0, Array("LAB NEO 1.0".utf8))
        case (0x12, 0x01): answer(command, 0, Array(hid.serialNumber.utf8))
        case (0x05, 0x01):
            isWaiting = false
            answer(command, 0, [])
        case (0x02, 0x40):
            guard !isWaiting else { return answer(command, 0x0B, []) }
            guard data.count > 1, let objects = try? BERTLV.parse(Array(data.dropFirst()), padding: .zero), let request = request(objects)
            else {
                return answer(command, 0x05, [])
            }
            self.request = request
            isWaiting = true
        default: answer(command, 0x02, [])
        }
    }

    private mutating func request(_ objects: [BERTLV]) -> ContactlessKernel.Request? {
        func number(_ tag: TagNumber) -> Int64? {
            objects.first(tag).flatMap { object in
                object.content.reduce(Int64?(0)) { sum, byte in
                    guard let sum, byte >> 4 < 10, byte & 0x0F < 10 else { return nil }
                    return sum * 100 + Int64(byte >> 4) * 10 + Int64(byte & 0x0F)
                }
            }
        }
        guard let amount = number(0x9F02) else { return nil }
        taps &+= 1
        return ContactlessKernel.Request(
            amount: amount, amountOther: number(0x9F03) ?? 0, transactionType: objects.first(0x9C)?.content.first ?? 0,
            currency: Int(truncatingIfNeeded: number(0x5F2A) ?? 840), date: objects.first(0x9A)?.value ?? [],
            time: objects.first(0x9F21)?.value ?? [0, 0, 0], unpredictableNumber: withUnsafeBytes(of: taps.bigEndian) { Array($0) })
    }

    private mutating func answer(_ command: UInt8, _ status: UInt8, _ data: [UInt8]) {
        let body = Self.tag + [command, status, UInt8(truncatingIfNeeded: data.count >> 8), UInt8(truncatingIfNeeded: data.count)] + data
        let check = Self.check(body[...])
        let frame = body + [UInt8(check >> 8), UInt8(truncatingIfNeeded: check)]
        var index = 0
        while index < frame.count {
            let part = frame[index..<min(index + 63, frame.count)]
            let id: UInt8 = frame.count <= 63 ? 1 : index == 0 ? 2 : index + 63 >= frame.count ? 4 : 3
            hid.send([id] + part + Array(repeating: 0, count: 63 - part.count))
            index += 63
        }
    }

    /// CRC-16/CCITT, bit by bit; on purpose not the driver's.
    private static func check(_ bytes: ArraySlice<UInt8>) -> UInt16 {
        var register: UInt32 = 0xFFFF
        for byte in bytes {
            for bit in (0..<8).reversed() {
                let carry = register >> 15 & 1 ^ UInt32(byte >> UInt8(bit) & 1)
                register = (register << 1) & 0xFFFF ^ (carry == 1 ? 0x1021 : 0)
            }
        }
        return UInt16(truncatingIfNeeded: register)
    }

    // MARK: Model

    mutating func obey(_ report: [UInt8], as kind: HIDFunction.ReportKind) -> Bool {
        guard kind == .output else { return false }
        received(report)
        return true
    }

    mutating func powerLost() {
        hid.powerLost()
        isWaiting = false
        request = nil
        incoming = []
    }
}

extension ModelledDevice where Model == ContactlessReaderModel {
    public convenience init(serialNumber: String = "LABTAP0001") { self.init(ContactlessReaderModel(serialNumber: serialNumber)) }

    /// Holds a card to the reader. Must not be called by a card that is being asked.
    public func tap(_ card: any VirtualCard) { change { $0.tap(card) } }

    /// Whether a transaction waits for a card.
    public var isWaiting: Bool { change { $0.isWaiting } }
}
