/// What `Diagnose` answers: names and formats; `Service` writes the values.
enum DiagnosisFields {
    private static let free = FieldFormat.string(pattern: nil)
    private static let digits = FieldFormat.string(pattern: "^[0-9]+$")
    private static let severity = FieldFormat.choice(["fine", "warning", "fault"])

    static let all: [Field] = [
        Field("severity", severity, required: true, "The worst of all findings."),
        Field("devices", .list(0...64, .object(device)), required: true, "Every device seen."),
        Field("system", .list(0...64, .object(finding)), required: true, "Host link, certificates, clock, disk, journal, rules, service."),
        Field("host", .object(host), required: true, "The link to the payment host."),
        Field("reversals", .list(0...1000, .object(outstanding)), required: true, "Reversals not yet acknowledged."),
        Field("advices", .list(0...1000, .object(outstanding)), required: true, "Offline approvals and completions not yet accepted."),
    ]

    private static let finding = [
        Field("check", free, required: true, "What was looked at."), Field("severity", severity, required: true, "How bad it is."),
        Field("message", free, required: true, "What is the case."), Field("remedy", free, "What to do."),
    ]

    private static let device = [
        Field("kinds", .list(1...5, free), required: true, "What it is."), Field("model", free, required: true, "Its name."),
        Field("usb", free, required: true, "VID:PID."), Field("path", free, required: true, "Where it is plugged in."),
        Field("node", free, "Its device file."), Field("driver", free, required: true, "Which driver serves it."),
        Field("serialNumber", free, "Its serial number."), Field("firmware", free, required: true, "As it writes it, or its USB release."),
        Field("answerToReset", free, "Of the card in it, hexadecimal."),
        Field("findings", .list(0...64, .object(finding)), required: true, "What is the case with it."),
    ]

    private static let host = [
        Field("state", InformationFields.hostState.format, required: true, "Now."), Field("address", free, "Where it is connected to."),
        Field("lastEchoMilliseconds", digits, "How long the last echo took."),
        Field("lastFailure", free, "Why the last attempt or connection failed."),
        Field("macKeyCheckValue", free, "Of the MAC key in force, where the host changes it."),
        Field("lastKeyChangeFailure", free, "Why the last key change left the key as it was."),
        Field("connections", digits, required: true, "Signed on, since the start."),
        Field("losses", digits, required: true, "Connections that broke."),
        Field("failedAttempts", digits, required: true, "Attempts that came to nothing."),
        Field("answered", digits, required: true, "Exchanges answered."),
        Field("unanswered", digits, required: true, "Exchanges without an answer."),
        Field("badAnswers", digits, required: true, "Answers that could not be used."),
        Field("notConnected", digits, required: true, "Exchanges without a link."),
        Field("notSent", digits, required: true, "Exchanges of which not one byte left."),
        Field("late", digits, required: true, "Answers to exchanges that had been given up."),
        Field("duplicates", digits, required: true, "Answers to exchanges that were answered before."),
        Field("unmatched", digits, required: true, "Answers to nothing that was asked."),
        Field("keyChanges", digits, required: true, "Changes of the MAC key."),
        Field("failedKeyChanges", digits, required: true, "Key changes that left the key as it was."),
    ]

    private static let outstanding = [
        Field("transactionID", free, required: true, "Whose."), Field("stan", digits, required: true, "Its STAN."),
        Field("attempts", digits, required: true, "Without an answer, in a row."),
        Field("flagged", .choice(["0", "1"]), required: true, "The host refused it: somebody must look into it."),
    ]
}
