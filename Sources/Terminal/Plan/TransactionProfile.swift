import PaymentHost

/// What distinguishes the request types of pos-protocol, section 4, for the terminal: which message goes to the host (host-protocol, "Exchanges" and
/// "Fields"), what the request must say, and what it may follow up.
struct TransactionProfile: Sendable, Hashable {
    enum Message: Sendable, Hashable {
        /// 1100 or 1200 with this function code.
        case exchange(mti: String, functionCode: String)
        /// 1220 under an intent.
        case advice
        /// 1420s under an intent.
        case reversal
        case reconciliation

        var mti: String {
            switch self {
            case .exchange(let mti, _): mti
            case .advice: "1220"
            case .reversal: "1420"
            case .reconciliation: "1520"
            }
        }
    }

    enum Card: Sendable, Hashable {
        case presented
        /// Presented, unless an original is named.
        case presentedUnlessLinked
        case original
        case none
    }

    var message: Message
    var processing: ProcessingCode
    var card: Card
    var needsAmount = true
    /// Types that it may follow up; empty for those that stand alone.
    var originals: Set<TransactionType> = []

    var isInquiry: Bool {
        if case .exchange(_, FunctionCode.inquiry) = message { true } else { false }
    }
}

extension TransactionType {
    var profile: TransactionProfile {
        let financial = TransactionProfile.Message.exchange(mti: "1200", functionCode: FunctionCode.financial)
        let inquiry = TransactionProfile.Message.exchange(mti: "1100", functionCode: FunctionCode.inquiry)
        return switch self {
        case .sale: .init(message: financial, processing: .goods, card: .presented)
        case .authorization:
            .init(message: .exchange(mti: "1100", functionCode: FunctionCode.authorization), processing: .goods, card: .presented)
        case .incrementalAuthorization:
            .init(
                message: .exchange(mti: "1100", functionCode: FunctionCode.supplementaryAuthorization), processing: .goods, card: .original,
                originals: [.authorization])
        case .completion: .init(message: .advice, processing: .goods, card: .original, originals: [.authorization])
        case .refund:
            .init(message: financial, processing: .refund, card: .presentedUnlessLinked, originals: [.sale, .completion, .force])
        case .void:
            .init(
                message: .reversal, processing: .goods, card: .original, needsAmount: false,
                originals: [
                    .sale, .authorization, .completion, .refund, .force, .giftRedemption, .giftIssuance, .giftActivation,
                    .giftForceRedemption,
                    .giftForceIssuance, .giftForceActivation, .giftDeactivation, .giftReactivation,
                ])
        case .settlement: .init(message: .reconciliation, processing: .goods, card: .none, needsAmount: false)
        case .force: .init(message: .advice, processing: .goods, card: .presented)
        case .tipAdjust:
            .init(message: .advice, processing: .goods, card: .original, needsAmount: false, originals: [.sale, .completion, .force])
        case .balanceInquiry: .init(message: inquiry, processing: .balance, card: .presented, needsAmount: false)
        case .verify: .init(message: inquiry, processing: .verify, card: .presented, needsAmount: false)
        case .giftRedemption: .init(message: financial, processing: .giftRedemption, card: .presented)
        case .giftIssuance: .init(message: financial, processing: .giftIssuance, card: .presented)
        case .giftActivation: .init(message: financial, processing: .giftActivation, card: .presented)
        case .giftBalanceInquiry: .init(message: inquiry, processing: .giftBalance, card: .presented, needsAmount: false)
        case .giftDeactivation: .init(message: financial, processing: .giftDeactivation, card: .presented, needsAmount: false)
        case .giftReactivation: .init(message: financial, processing: .giftReactivation, card: .presented, needsAmount: false)
        case .giftForceRedemption: .init(message: .advice, processing: .giftRedemption, card: .presented)
        case .giftForceIssuance: .init(message: .advice, processing: .giftIssuance, card: .presented)
        case .giftForceActivation: .init(message: .advice, processing: .giftActivation, card: .presented)
        }
    }

    /// Money that goes to the cardholder: a credit in the totals.
    var isCredit: Bool { self == .refund }
}
