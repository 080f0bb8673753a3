import EMV
import Keys
import SmartCard
import Testing

@Suite("Terminal risk management (EMV Book 3, 10.6)")
struct RiskManagementTests {
    private let card = TestCard.offlineCapable

    private func kernel(
        type: UInt8 = 0x22, amount: Int64 = 500, number: Int = 99, selection: RandomSelection = .none, floorLimit: Int64 = 10_000,
        history: any TransactionHistory = NoTransactionHistory()
    ) -> ContactKernel {
        var terminal = TestShop.terminal
        terminal.type = TerminalType(rawValue: type)
        var application = TestShop.lenient
        application.floorLimit = floorLimit
        application.randomSelection = selection
        return TestShop.kernel(
            terminal: terminal, applications: [application],
            transaction: TestShop.transaction(amount: amount, selectionNumber: number, history: history))
    }

    // MARK: Log and exception file

    private struct History: TransactionHistory {
        var amounts: [String: Int64] = [:]
        var exceptions: Set<String> = []

        func latestAmount(pan: PAN, panSequenceNumber: Int?) -> Int64? { amounts[name(pan, panSequenceNumber)] }
        func isException(pan: PAN, panSequenceNumber: Int?) -> Bool { exceptions.contains(name(pan, panSequenceNumber)) }
        private func name(_ pan: PAN, _ sequence: Int?) -> String { pan.withDigits { $0 } + "/" + (sequence.map { "\($0)" } ?? "-") }
    }

    @Test("the latest amount of the same account counts towards the floor limit, so that a purchase cannot be split")
    func log() throws {
        let account = "4761739001010119/-"
        for (logged, tvr) in [(9_499, "8000000000"), (9_500, "8000008000"), (Int64.max, "8000008000"), (-5, "8000000000")]
            as [(Int64, String)]
        {
            _ = try card.expect(kernel(history: History(amounts: [account: logged])), request: "40", tvr: tvr)
        }
        let other = History(amounts: ["4761739001010127/-": 9_999])
        _ = try card.expect(kernel(history: other), request: "40", tvr: "8000000000")
        let second = History(amounts: ["4761739001010119/2": 9_999])
        _ = try card.with(0x5F34, "02").expect(kernel(history: second), request: "40", tvr: "8000008000")
    }

    @Test("an account on the exception file sets its bit")
    func exceptionFile() throws {
        _ = try card.expect(kernel(history: History(exceptions: ["4761739001010119/-"])), request: "40", tvr: "9000000000")
        _ = try card.expect(kernel(history: History(exceptions: ["4761739001010127/-"])), request: "40", tvr: "8000000000")
    }

    // MARK: Random selection (10.6.2)

    @Test("below the threshold the plain percentage selects")
    func plain() throws {
        let selection = RandomSelection(threshold: 1_000, targetPercentage: 20, maximumPercentage: 60)
        _ = try card.expect(kernel(number: 20, selection: selection), request: "40", tvr: "8000001000")
        _ = try card.expect(kernel(number: 21, selection: selection), request: "40", tvr: "8000000000")
    }

    @Test(
        "from the threshold on the percentage grows to the maximum at the floor limit",
        arguments: [(1_000, 20), (5_500, 40), (9_999, 59)] as [(Int64, Int)])
    func biased(amount: Int64, percentage: Int) throws {
        let selection = RandomSelection(threshold: 1_000, targetPercentage: 20, maximumPercentage: 60)
        _ = try card.expect(kernel(amount: amount, number: percentage, selection: selection), request: "40", tvr: "8000001000")
        _ = try card.expect(kernel(amount: amount, number: percentage + 1, selection: selection), request: "40", tvr: "8000000000")
    }

    @Test("at the floor limit, and at terminals that have no choice, nothing is selected at random")
    func notSelected() throws {
        let always = RandomSelection(threshold: 0, targetPercentage: 99, maximumPercentage: 99)
        _ = try card.expect(kernel(amount: 10_000, number: 1, selection: always), request: "40", tvr: "8000008000")
        _ = try card.expect(kernel(type: 0x21, number: 1, selection: always), request: "80", tvr: "8000000000")
        _ = try card.expect(kernel(type: 0x23, number: 1, selection: always), request: "40", tvr: "8000000000")
        _ = try card.expect(kernel(type: 0x25, number: 1, selection: always), request: "40", tvr: "8000001000")
        _ = try card.expect(kernel(number: 1, selection: .none), request: "40", tvr: "8000000000")
    }

    @Test("extreme limits and amounts do not trap")
    func extremes() throws {
        for amount in [0, 1, Int64(999_999_999_999)] {
            for limit in [0, 1, Int64.max] {
                let selection = RandomSelection(threshold: amount, targetPercentage: -5, maximumPercentage: 300)
                _ = try Conversation.hold(
                    kernel(amount: amount, number: 50, selection: selection, floorLimit: limit),
                    Array(card.opening.prefix(2)) + [
                        .init("final SELECT", TestCard.select(card.aid), "6A81")
                    ])
                _ = try? card.expect(kernel(amount: amount, number: 50, selection: selection, floorLimit: limit), tvr: "")
            }
        }
    }

    // MARK: Velocity (10.6.3)

    private var limited: TestCard { card.with(0x9F14, "03").with(0x9F23, "05") }

    private func velocity(_ counter: String, _ lastOnline: String, _ tvr: String, type: UInt8 = 0x22) throws {
        _ = try limited.expect(
            kernel(type: type), request: "40", tvr: tvr,
            after: [TestCard.getData("9F36", counter), TestCard.getData("9F13", lastOnline)])
    }

    @Test("transactions since the last online one are compared with both limits")
    func limits() throws {
        try velocity("9F360200079000", "9F130200049000", "8000000000")
        try velocity("9F360200089000", "9F130200049000", "8000004000")
        try velocity("9F360200099000", "9F130200049000", "8000004000")
        try velocity("9F3602000A9000", "9F130200049000", "8000006000")
        try velocity("9F360200079000", "9F130200049000", "8000000000", type: 0x23)
    }

    @Test("counters that are missing, malformed or stand still exceed both limits")
    func noCounters() throws {
        for (counter, last) in [
            ("6A88", "9F130200049000"), ("9F360200079000", "6A88"), ("9F360200049000", "9F130200049000"),
            ("9F360200039000", "9F130200049000"), ("9F3601079000", "9F130200049000"), ("9000", "00079000"),
        ] {
            try velocity(counter, last, "8000006000")
        }
    }

    @Test("a card that was never online is new")
    func newCard() throws {
        try velocity("9F360200019000", "9F130200009000", "8008000000")
        try velocity("9F360200089000", "9F130200009000", "8008006000")
        try velocity("6A88", "9F130200009000", "8008006000")
    }

    @Test("a card without both limits is not asked, nor is any card at a terminal that decides nothing offline")
    func notAsked() throws {
        _ = try card.with(0x9F14, "03").expect(kernel(), request: "40", tvr: "8000000000")
        _ = try card.with(0x9F23, "05").expect(kernel(), request: "40", tvr: "8000000000")
        _ = try limited.expect(kernel(type: 0x21), request: "80", tvr: "8000000000")
    }
}
