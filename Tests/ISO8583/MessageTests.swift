import Keys
import Testing

@testable import ISO8583

@Suite("A message in memory")
struct MessageTests {
    private static let pan = "4761739001010010"

    private static var message: Message {
        var message = Message(mti: "1200")
        message.set(11, "000042")
        message.set(2, pan)
        message.set(35, secret: SecretBytes("\(pan)=29122011758928889".utf8))
        message.set(45, "B\(pan)^NAME/ANY^2912")
        message.set(52, bytes: [1, 2, 3, 4, 5, 6, 7, 8])
        message.set(14, "2912")
        message.set(48, "02016TOKENTOKENTOKENT")
        return message
    }

    @Test("card data cannot be printed, however it was set")
    func prints() {
        let message = Self.message
        var dumped = ""
        dump(message, to: &dumped)
        for text in ["\(message)", String(reflecting: message), dumped, "\(message.numbers.map { message[$0] })"] {
            #expect(!text.contains(Self.pan))
            #expect(!text.contains("2912"))
            #expect(!text.contains("TOKEN"))
        }
        #expect(message.description == "1200 2(16) 11=000042 14(4) 35(34) 45(31) 48(21) 52(8)")
    }

    @Test("secret fields give no text")
    func secrets() {
        let message = Self.message
        for number in [2, 35, 45, 52] {
            #expect(message.text(number) == nil)
            #expect(message.bytes(number) == nil)
            #expect(message.secret(number) != nil)
        }
        #expect(message.secret(2) == SecretBytes(Self.pan.utf8))
    }

    @Test("fields stay in order, are replaced and removed; 1 and numbers beyond 128 do not exist")
    func order() {
        var message = Message(mti: "1200")
        for number in [128, 4, 64, 11, 2, 4, 1, 0, 129, -1] { message.set(number, "1") }
        #expect(message.numbers == [2, 4, 11, 64, 128])
        message.set(11, nil as String?)
        message.set(4, "2")
        #expect(message.numbers == [2, 4, 64, 128])
        #expect(message.text(4) == "2")
        #expect(message.number(4) == 2)
    }
}
