import SmartCard
import Testing

@Suite("61xx and 6Cxx (EMV Level 1, 9.3.1.2)")
struct ResponseChainingTests {
    private let select = CommandAPDU(0x00, 0xA4, 0x04, 0x00, data: [1, 2, 3, 4, 5], expectedLength: 256)

    private func getResponse(_ length: Int) -> CommandAPDU { CommandAPDU(0x00, 0xC0, 0x00, 0x00, expectedLength: length) }

    @Test("a plain answer is the answer")
    func plain() {
        var chaining = ResponseChaining(select)
        #expect(chaining.start() == .transmit(select))
        #expect(chaining.on(ResponseAPDU(data: [9], status: .success)) == .finished(ResponseAPDU(data: [9], status: .success)))
    }

    @Test("61xx fetches the rest with GET RESPONSE and joins the parts")
    func moreData() {
        var chaining = ResponseChaining(select)
        #expect(chaining.on(ResponseAPDU(data: [1], status: StatusWord(0x6102))) == .transmit(getResponse(2)))
        #expect(chaining.on(ResponseAPDU(data: [2, 3], status: StatusWord(0x6100))) == .transmit(getResponse(256)))
        #expect(
            chaining.on(ResponseAPDU(data: [4], status: StatusWord(0x6283)))
                == .finished(ResponseAPDU(data: [1, 2, 3, 4], status: StatusWord(0x6283))))
    }

    @Test("6Cxx repeats the command that got it with the card's length, GET RESPONSE included")
    func wrongLength() {
        var chaining = ResponseChaining(select)
        var again = select
        again.expectedLength = 0x20
        #expect(chaining.on(ResponseAPDU(data: [7, 7], status: StatusWord(0x6C20))) == .transmit(again))
        #expect(chaining.on(ResponseAPDU(status: StatusWord(0x6110))) == .transmit(getResponse(16)))
        #expect(chaining.on(ResponseAPDU(status: StatusWord(0x6C08))) == .transmit(getResponse(8)))
        #expect(chaining.on(ResponseAPDU(data: [1], status: .success)) == .finished(ResponseAPDU(data: [1], status: .success)))
    }

    @Test("a card that answers 6Cxx again gets no third try")
    func wrongLengthTwice() {
        var chaining = ResponseChaining(select)
        _ = chaining.on(ResponseAPDU(status: StatusWord(0x6C20)))
        #expect(chaining.on(ResponseAPDU(status: StatusWord(0x6C21))) == .finished(ResponseAPDU(status: StatusWord(0x6C21))))
    }

    @Test("a card that goes on for ever is stopped after 257 commands")
    func bounded() {
        for status in [0x6101, 0x6100] as [UInt16] {
            var chaining = ResponseChaining(select)
            var commands = 1
            loop: while true {
                switch chaining.on(ResponseAPDU(data: [1], status: StatusWord(status))) {
                case .transmit: commands += 1
                case .finished:
                    Issue.record("61xx is not the end")
                    break loop
                case .failed(let error):
                    #expect(error.code == .chainTooLong)
                    break loop
                }
                if commands > 1000 {
                    Issue.record("not bounded")
                    break
                }
            }
            #expect(commands == 257)
        }
    }

    @Test(
        "T=0, case 4 with a warning: GET RESPONSE fetches the data, the warning stays the status (Annex A)"
    )
    func warning() {
        for status: UInt16 in [0x6283, 0x63C2, 0x9101] {
            var chaining = ResponseChaining(select, asksAfterWarning: true)
            #expect(chaining.on(ResponseAPDU(status: StatusWord(status))) == .transmit(getResponse(256)))
            #expect(chaining.on(ResponseAPDU(status: StatusWord(0x6C02))) == .transmit(getResponse(2)))
            #expect(
                chaining.on(ResponseAPDU(data: [6, 7], status: .success))
                    == .finished(ResponseAPDU(data: [6, 7], status: StatusWord(status))))
            var refused = ResponseChaining(select, asksAfterWarning: true)
            #expect(refused.on(ResponseAPDU(status: StatusWord(status))) == .transmit(getResponse(256)))
            #expect(
                refused.on(ResponseAPDU(status: StatusWord(0x6985)))
                    == .finished(ResponseAPDU(status: StatusWord(status))))
        }
        let verify = CommandAPDU(0x00, 0x20, 0x00, 0x80, data: [1])
        for (command, asks, status) in [
            (verify, true, 0x63C2), (select, false, 0x6283), (select, true, 0x6A82),
            (select, true, 0x9000),
        ]
            as [(CommandAPDU, Bool, UInt16)]
        {
            var chaining = ResponseChaining(command, asksAfterWarning: asks)
            #expect(
                chaining.on(ResponseAPDU(status: StatusWord(status)))
                    == .finished(ResponseAPDU(status: StatusWord(status))))
        }
    }
}
