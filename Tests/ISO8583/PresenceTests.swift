import Seeds
import Testing

@testable import ISO8583

@Suite("Presence and echo")
struct PresenceTests {
    private let dialect: Dialect
    private let request: Message
    private let answer: Message

    init() throws {
        dialect = try Dialect.named("iso8583-1993")
        var random = SeededRandom(seed: 7)
        var request = dialect.sample("1200", &random)
        request[2] = dialect.fields[2]?.sample(&random, count: 16)
        var answer = Message(mti: "1210")
        for number in dialect.messages["1210"]?.echo ?? [] { answer[number] = request[number] }
        answer.set(39, "000")
        self.request = request
        self.answer = answer
    }

    @Test("each mandatory field is missed when it is not there")
    func mandatory() throws {
        for mti in dialect.messages.keys {
            var random = SeededRandom(seed: 8)
            let whole = dialect.sample(mti, &random)
            for number in try #require(dialect.messages[mti]).mandatory {
                var message = whole
                message[number] = nil
                #expect(dialect.presenceFault(message)?.field == String(number), "\(mti)")
            }
        }
    }

    @Test("a reversal never carries card data, and no field leaves that its message has no place for")
    func noPlace() {
        var random = SeededRandom(seed: 9)
        for number in [2, 14, 35, 45, 52, 53] {
            var message = dialect.sample("1420", &random)
            message[number] = dialect.fields[number]?.sample(&random)
            #expect(dialect.presenceFault(message)?.field == String(number))
        }
    }

    @Test("a right answer is believed; a wrong or missing verified echo is not", arguments: [3, 4, 7, 12, 42, 49])
    func echo(_ number: Int) {
        #expect(dialect.answerFault(answer, to: request) == nil)
        var wrong = answer
        wrong.set(number, String(repeating: "9", count: answer.text(number)?.count ?? 0))
        #expect(dialect.answerFault(wrong, to: request) == ISO8583Error(.wrongEcho, String(number), "differs from the request's"))
        #expect(dialect.answerFault(wrong, to: request, except: [number]) == nil)
        wrong[number] = nil
        #expect(dialect.answerFault(wrong, to: request) == ISO8583Error(.wrongEcho, String(number), "is missing"))
    }

    @Test("the card number need not come back, but not as another")
    func card() {
        var other = answer
        #expect(dialect.answerFault(other, to: request) == nil)
        other[2] = request[2]
        #expect(dialect.answerFault(other, to: request) == nil)
        other.set(2, "9999999999999999")
        #expect(dialect.answerFault(other, to: request)?.field == "2")
    }

    @Test("an answer without an action code is none")
    func actionCode() {
        var message = answer
        message[39] = nil
        #expect(dialect.answerFault(message, to: request)?.field == "39")
    }

    @Test("requests have no repeat, advices do; a repeat is answered as the first")
    func repeats() {
        #expect(dialect.definition(of: "1101") == nil)
        #expect(dialect.definition(of: "1201") == nil)
        #expect(dialect.answer(to: "1420") == "1430")
        #expect(dialect.answer(to: "1421") == "1430")
        #expect(dialect.answer(to: "1805") == "1814")
        #expect(dialect.answer(to: "1210") == nil)
    }
}
