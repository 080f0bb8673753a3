import Devices

/// Parameters, the journal and certificates.
extension TerminalOperations {
    func getParameters(_ keys: [String]) -> OperationAnswer {
        guard !keys.isEmpty else { return OperationAnswer(.parameters(environment.parameters.all)) }
        var settings: [TerminalParameters.Setting] = []
        var unknown: [String] = []
        for key in keys {
            if let value = environment.parameters[key] {
                settings.append(.init(key: key, value: value))
            } else {
                unknown.append(key)
            }
        }
        return OperationAnswer(.parameters(settings), message: Self.unknown(unknown))
    }

    func setParameters(_ settings: [TerminalParameters.Setting], _ isTrusted: Bool) -> OperationAnswer {
        do throws(TerminalParameters.Refusal) {
            let unknown = try environment.parameters.set(settings, mayChangeSecurity: isTrusted)
            environment.parametersChanged(Set(settings.map(\.key)))
            let now = settings.map { TerminalParameters.Setting(key: $0.key, value: environment.parameters[$0.key] ?? "") }
            return OperationAnswer(.parameters(now), message: Self.unknown(unknown))
        } catch {
            switch error {
            case .badValue(let key, let rule): return OperationAnswer(.badField, nil, "parameters.\(key): \(rule)")
            case .notAllowed(let key):
                return OperationAnswer(.notAllowed, nil, "\(key) is changed only from this machine, or with a client certificate.")
            case .tooMany: return OperationAnswer(.badField, nil, "parameters: too many keys that are not known")
            case .notStored(let cause):
                environment.log.error("parameters cannot be stored: \(cause)")
                return OperationAnswer(.applicationError, .internal, "The parameters could not be stored; nothing is changed.")
            }
        }
    }

    private static func unknown(_ keys: [String]) -> String? { keys.isEmpty ? nil : "Not known here: \(keys.joined(separator: " "))" }

    func transactions(_ query: TransactionQuery) async -> OperationAnswer {
        guard let page = await environment.terminal.transactions(query) else {
            return isJournalReadable ? OperationAnswer(.badField, nil, "cursor: not one of ours") : Self.noJournal
        }
        return OperationAnswer(.transactions(page.transactions.compactMap(\.answer), cursor: page.cursor))
    }

    /// Nothing found in a journal that cannot be read is no answer.
    private var isJournalReadable: Bool { environment.terminal.information.isJournalReadable }
    private static let noJournal = OperationAnswer(
        .terminalNotReady, .internal, "The journal cannot be read: what became of transactions is unknown. Look at the terminal.")

    // MARK: Printing

    func print(_ document: PrintDocument) async -> OperationAnswer {
        guard let printer = environment.printer() else {
            return OperationAnswer(.terminalNotReady, .deviceUnavailable, "No printer is connected.")
        }
        do throws(DeviceError) {
            try await printer.print(document)
            return OperationAnswer()
        } catch {
            environment.log.notice("printing failed: \(error)")
            return OperationAnswer(.deviceFault, nil, error.message)
        }
    }

    func printLastReceipt(_ copy: ReceiptCopy, _ peer: PeerIdentity) async -> OperationAnswer {
        guard let answer = await environment.terminal.lastTransaction(of: peer)?.answer,
            let text = ReceiptReprint.text(of: answer, copy, texts.language)
        else { return isJournalReadable ? OperationAnswer(.noLastTransaction, nil, "There is no last receipt.") : Self.noJournal }
        return await print(PrintDocument(receipt: text, columns: environment.printer()?.columns ?? Receipt.columns))
    }

    // MARK: Certificates

    func certificateOperation(_ request: OperationRequest) async -> OperationAnswer {
        guard let certificates = environment.certificates else {
            return OperationAnswer(.unsupported, nil, "Certificates are not managed here.")
        }
        do throws(CertificateRefusal) {
            switch request {
            case .generateCertificateRequest(let subject):
                return OperationAnswer(.certificateRequest(try await certificates.request(subject)))
            case .importCertificate(let pem):
                let summary = try await certificates.importChain(pem)
                return OperationAnswer(.certificate(fingerprint: summary.fingerprint, expires: summary.expires))
            case .installTrust(let pem):
                let summary = try await certificates.installTrust(pem)
                return OperationAnswer(.certificate(fingerprint: summary.fingerprint, expires: summary.expires))
            default: return OperationAnswer(.unsupported, nil, "Not a certificate operation.")
            }
        } catch {
            switch error {
            case .bad(let what): return OperationAnswer(.badField, nil, what)
            case .failed(let why):
                environment.log.error("certificate operation failed: \(why)")
                return OperationAnswer(.applicationError, .internal, why)
            }
        }
    }
}

/// Keeps the API's own key and certificate, and the authorities it trusts.
public protocol CertificateKeeping: Sendable {
    /// A request in PEM for a new key pair; the key never leaves.
    func request(_ subject: CertificateSubject) async throws(CertificateRefusal) -> String
    /// A chain in PEM, the leaf first, for the key of the last request. In use for new connections when this returns.
    func importChain(_ pem: String) async throws(CertificateRefusal) -> CertificateSummary
    /// An authority in PEM that signs client certificates. In use for new connections when this returns.
    func installTrust(_ pem: String) async throws(CertificateRefusal) -> CertificateSummary
}

public struct CertificateSummary: Sendable, Hashable {
    /// SHA-256, 64 upper-case hexadecimal digits.
    public var fingerprint: String
    public var expires: WallTime

    public init(fingerprint: String, expires: WallTime) {
        self.fingerprint = fingerprint
        self.expires = expires
    }
}

/// Why nothing changed.
public enum CertificateRefusal: Error, Sendable, Hashable {
    /// What was given does not serve; names the field and the rule.
    case bad(String)
    /// Something here failed; safe to show.
    case failed(String)
}
