import SmartCard

/// From the candidate list to the selected application (EMV 4.4 Book 1, 12.4).
extension ContactKernel {
    mutating func chooseApplication() -> [KernelAction] {
        // 12.4, 1: nothing in common.
        guard !candidates.isEmpty else {
            if let rejection { return finish(.terminated, rejection) }
            return cardUnderstoodSelect ? finish(.terminated, .noCommonApplication) : finish(.fallback, .chipNotUsable)
        }
        // 12.4, 4: highest priority first, without priority last, else as the card has them.
        let sorted = candidates.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map(\.element)
        let offered = sorted.filter { !isLessPreferred($0) }
        // What is not offered comes back when the preferred one falls out.
        candidates = offered.isEmpty ? sorted : offered + sorted.filter { isLessPreferred($0) }
        offeredCandidates = offered.isEmpty ? sorted.count : offered.count
        if offeredCandidates == 1 || !terminal.cardholderSelection {
            // 12.4, 2 and 5: without asking, only what the card lets be taken without confirmation.
            if let index = candidates.prefix(offeredCandidates).firstIndex(where: { !$0.needsConfirmation }) {
                return selectCandidate(index)
            }
        }
        // 12.4, 2 to 4: the cardholder confirms or chooses.
        phase = .choice
        return [.chooseApplication(candidates.prefix(offeredCandidates).map(\.shown))]
    }

    /// Of two applications that lead to the same account (US common debit beside the brand's own AID) only the one that the merchant's table prefers
    /// is offered. The card must say that both are of one issuer (9F0C or 42); what it leaves open, the cardholder chooses.
    private func isLessPreferred(_ candidate: Candidate) -> Bool {
        candidates.contains { other in
            guard let issuer = other.issuer, issuer == candidate.issuer, other.aid != candidate.aid,
                applications.indices.contains(other.configuration)
            else { return false }
            return applications[other.configuration].preferredOver.contains { candidate.aid.starts(with: $0) }
        }
    }

    mutating func applicationChosen(_ index: Int?) -> [KernelAction] {
        guard let index, (0..<offeredCandidates).contains(index), candidates.indices.contains(index) else {
            return finish(.cancelled, .cancelledByCardholder)
        }
        return selectCandidate(index)
    }

    /// What A5 of an application's FCI may give (Book 1, 11.3.4, table 10); account data comes from records only.
    private static let applicationTags: Set<TagNumber> = [0x50, 0x87, 0x5F2D, 0x9F11, 0x9F12, 0x9F38]
    /// What BF0C may give (Book 3, Annex A).
    private static let issuerTags: Set<TagNumber> = [0x42, 0x5F50, 0x5F54, 0x5F55, 0x5F56, 0x9F0A, 0x9F0C, 0x9F4D]

    private mutating func selectCandidate(_ index: Int) -> [KernelAction] {
        let chosen = candidates.remove(at: index)
        candidate = chosen
        return transmit(Self.select(chosen.aid), then: .finalSelection)
    }

    /// 12.4: the chosen one fell out, the others are offered again.
    mutating func chooseAnother(_ reason: Reason) -> [KernelAction] {
        rejection = reason
        candidate = nil
        data = DataStore()
        return chooseApplication()
    }

    mutating func applicationSelected(_ response: ResponseAPDU) -> [KernelAction] {
        if response.status == .functionNotSupported { return finish(.terminated, .cardBlocked) }
        guard response.status == .success else {
            return chooseAnother(response.status == .selectedFileInvalidated ? .applicationBlocked : .applicationNotSelectable)
        }
        // 12.4: an FCI that is malformed, or of something else than was selected, is as good as none.
        guard var selected = candidate, let information = FileControlInformation(responseData: response.data),
            information.name == selected.aid,
            applications.indices.contains(selected.configuration)
        else { return chooseAnother(.applicationNotSelectable) }
        let named = candidate(information, configuration: selected.configuration, label: selected.label)
        selected.label = named.label
        selected.preferredName = named.preferredName ?? selected.preferredName
        candidate = selected

        data = DataStore()
        data.set(0x84, information.name)
        for object in information.proprietary {
            if Self.applicationTags.contains(object.tag) { data.keepFromCard(object) }
            if object.tag == 0xBF0C { for inner in object.children where Self.issuerTags.contains(inner.tag) { data.keepFromCard(inner) } }
        }
        return initiateApplication(applications[selected.configuration])
    }
}
