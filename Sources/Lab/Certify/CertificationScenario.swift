/// What happens to one sale of the POS; they come in this order, the ones a POS can die of last.
enum CertificationScenario: String, Sendable, CaseIterable {
    case plain, longSilence, statusSaysApproved, bareSixty, resultWithoutApproval, busy, noAnswer, unknownFields, unknownResult, tooLate,
        cutAnotherLast, cutOwnLast

    /// What the cashier may be told.
    var isApproved: Bool {
        switch self {
        case .plain, .longSilence, .bareSixty, .unknownFields, .tooLate, .cutOwnLast: true
        case .statusSaysApproved, .resultWithoutApproval, .busy, .noAnswer, .unknownResult, .cutAnotherLast: false
        }
    }

    /// The point that a report of the outcome settles.
    var outcomePoint: CertificationPoint {
        switch self {
        case .plain, .longSilence: .waitsForFinal
        case .statusSaysApproved: .ignoresStatus
        case .bareSixty: .result60
        case .resultWithoutApproval: .approvalNeedsBoth
        case .busy: .result5
        case .noAnswer: .result23
        case .unknownFields: .unknownFields
        case .unknownResult: .unknownResult
        case .tooLate: .result13
        case .cutAnotherLast: .comparesIdentifiers
        case .cutOwnLast: .asksLastTransaction
        }
    }

    /// The point that a POS fails which sends another operation or leaves before the final message.
    var patiencePoint: CertificationPoint {
        switch self {
        case .longSilence: .waitsForFinal
        case .statusSaysApproved: .ignoresStatus
        case .bareSixty: .result60
        default: .oneOperationAtATime
        }
    }

    /// For the person who watches.
    var story: String {
        switch self {
        case .plain: "An approved sale."
        case .longSilence: "The terminal is silent for a long time, then approves."
        case .statusSaysApproved: "A Status says APPROVED; the host then declines."
        case .bareSixty: "Many Status messages, some without a context; then approved."
        case .resultWithoutApproval: "Result 0 without approval."
        case .busy: "The terminal is busy."
        case .noAnswer: "The host is silent: 23."
        case .unknownFields: "Unknown fields, contexts and notifications; then approved."
        case .unknownResult: "A result nobody has heard of."
        case .tooLate: "The terminal takes its time: press Cancel now. It is too late, and the sale is approved."
        case .cutAnotherLast: "The connection is cut before the sale began; LastTransaction tells of another sale."
        case .cutOwnLast: "The connection is cut; LastTransaction first says busy, then approved."
        }
    }
}
