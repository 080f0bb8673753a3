extension TerminalEngine {
    /// A trace number for a message that is not a transaction's (sign-on, echo). Its reservation is on disk when this returns.
    public func nextSTAN() async throws(JournalError) -> Int {
        guard journal != nil, !isDead else { throw JournalError(.cannotOpen, "There is no journal to take trace numbers from.") }
        let stan = takeSTAN()
        guard !reservations.isEmpty else { return stan }
        let entries = reservations
        reservations = []
        if let failure = await commitNow(entries) {
            die(failure)
            throw failure
        }
        return stan
    }
}
