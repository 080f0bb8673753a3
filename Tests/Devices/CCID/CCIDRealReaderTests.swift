import Testing
import USB

@testable import Devices

@Suite("Real readers' descriptors")
struct CCIDRealReaderTests {
    @Test("level, message length, PIN pad, voltage and display are what the reader has", arguments: RealReader.all)
    func recognised(reader: RealReader) throws {
        let endpoints: [UInt8] = [7, 5, 0x01, 2, 64, 0, 0, 7, 5, 0x82, 2, 64, 0, 0, 7, 5, 0x83, 3, 8, 0, 16]
        let rest: [UInt8] = [9, 4, 0, 0, 3, 0x0B, 0, 0, 0] + reader.classDescriptor + endpoints
        func word(_ value: UInt16) -> [UInt8] { [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)] }
        let device: [UInt8] =
            [18, 1, 0, 2, 0, 0, 0, 64] + word(reader.vendorID) + word(reader.productID) + word(reader.release) + [0, 0, 0, 1]
        let configuration: [UInt8] = [9, 2] + word(UInt16(9 + rest.count)) + [1, 1, 0, 0x80, 50] + rest
        let recognitions = CCIDInterface.recognise(try USBDeviceDescriptor(parsing: device + configuration))
        guard case .usable(let interface) = try #require(recognitions.first) else {
            Issue.record("\(recognitions)")
            return
        }
        #expect(recognitions.count == 1)
        #expect(interface.level == reader.level)
        #expect(interface.maximumMessageLength == reader.usableLength ?? Int(reader.messageLength))
        #expect(interface.descriptor.pinSupport & 1 == (reader.hasPad ? 1 : 0))
        #expect(interface.descriptor.features.contains(.automaticNegotiation) == reader.negotiates)
        #expect((interface.powerSelections == [.automatic]) == reader.choosesVoltage)
        #expect(Int(interface.descriptor.displayLines) == Int(reader.display >> 8))
        #expect(interface.pad == nil)
        // Every message that the driver sends for a command of the longest kind fits.
        if reader.level != .extendedAPDU { #expect(interface.maximumMessageLength >= 10 + 260) }
    }

    @Test("there are at least twenty, at three levels, with and without pad")
    func breadth() {
        #expect(Set(RealReader.all.map { [$0.vendorID, $0.productID] }).count >= 20)
        #expect(Set(RealReader.all.map(\.level)) == [.tpdu, .shortAPDU, .extendedAPDU])
        #expect(RealReader.all.contains { $0.pinSupport != 0 && !$0.hasPad })
    }
}
