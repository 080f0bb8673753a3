import Testing

@testable import Lab

@Suite("Schedules of the campaign")
struct CampaignScheduleTests {
    /// Three requests, each with a message that is lost and one that the host does not answer.
    private func schedule() -> CampaignSchedule {
        var schedule = CampaignSchedule(seed: 1)
        let request = CampaignSchedule.Request(type: .sale, amount: 100, pause: .zero, partialAllowed: false, repeats: false)
        schedule.requests = Array(repeating: request, count: 3)
        schedule.cards = Array(repeating: .approves, count: 3)
        schedule.faults = (0..<3).flatMap { index -> [CampaignSchedule.Planned] in
            [.init(at: .zero, fault: .lostAt(index)), .init(at: .zero, fault: .hostAt(index, .silent))]
        }
        return schedule
    }

    @Test("A schedule that is shrunk by a request keeps the faults of the others with theirs, and loses its own")
    func shrink() {
        let without = schedule().smaller.filter { $0.requests.count == 2 }
        #expect(without.count == 3)
        for smaller in without {
            #expect(smaller.cards.count == 2)
            #expect(smaller.faults.map(\.fault) == [.lostAt(0), .hostAt(0, .silent), .lostAt(1), .hostAt(1, .silent)])
        }
    }

    @Test("A seed makes the same schedule each time, and each of its faults names a request that it has")
    func fromSeed() {
        for seed in 0..<2000 as Range<UInt64> {
            let schedule = CampaignSchedule(seed: seed)
            #expect(schedule.description == CampaignSchedule(seed: seed).description)
            #expect(schedule.requests.count == schedule.cards.count)
            for planned in schedule.faults {
                switch planned.fault {
                case .lostAt(let index), .hostAt(let index, _): #expect(schedule.requests.indices.contains(index))
                default: break
                }
            }
        }
    }
}
