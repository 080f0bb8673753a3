extension TerminalEngine {
    /// A trace number for a message that is not a transaction's (sign-on, echo). Its reservation is on disk when this returns, were it under way with the
    /// commit of a transaction. After `shutdown` what is reserved can still be used, for the sign-off.
    public func nextSTAN() async throws(JournalError) -> Int {
        let stan = takeSTAN()
        if journal == nil, reservations.isEmpty, !isDead { return stan }
        guard journal != nil, !isDead else { throw JournalError(.cannotOpen, "There is no journal to take trace numbers from.") }
        let entries = reservations
        reservations = []
        if let failure = await commitNow(entries) {
            die(failure)
            throw failure
        }
        return stan
    }

    func takeSTAN() -> Int {
        let (stan, reservation) = stan.next()
        if let reservation { reservations.append(reservation) }
        return stan
    }
}
