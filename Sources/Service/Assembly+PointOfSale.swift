import Devices
import Keys
import Logging
import PaymentHost
import Terminal
import TerminalAPI

/// The POS's side: the server, its certificates, and what a POS may ask besides transactions.
extension Assembly {
    func server(
        terminal: any PaymentTerminal, operations: any OperationPerforming, link: HostLink
    ) throws(ServiceError) -> POSServer {
        var api = POSServerConfiguration()
        api.metrics = { Metrics.text(link.state, link.statistics, terminal.information) }
        api.addresses = [configuration.pos.address]
        api.port = configuration.pos.port
        api.tlsPort = configuration.pos.tlsPort
        api.tls = try serverTLS()
        api.plainFromAnywhere = configuration.pos.plainFromAnywhere
        for text in configuration.pos.allow where AddressRange(text) == nil {
            throw ServiceError(.listen, "pos.allow: \(text) is not an address range, or has bits set beyond its length.")
        }
        api.allow = configuration.pos.allow.compactMap { AddressRange($0) }
        api.allowCertificates = Set(configuration.pos.allowCertificates.map { $0.uppercased() })
        api.origins = Set(configuration.pos.origins)
        api.connectionLimit = configuration.pos.connections
        api.messageLimit = configuration.pos.messageBytes
        do { return try POSServer(configuration: api, terminal: terminal, operations: operations, logger: logger.labelled("pos")) } catch {
            throw ServiceError(.tls, "The POS server's TLS material cannot be used: \(error)", remedy: error.remedy)
        }
    }

    /// What the server shows and whom it trusts: the configuration's certificate, else one that a POS imported, else the site's own.
    func serverTLS() throws(ServiceError) -> POSServerTLS {
        let mode = POSServerTLS.ClientCertificates(rawValue: configuration.pos.clientCertificates.rawValue) ?? .off
        var authorities: String?
        if let file = configuration.pos.clientCA { authorities = try TerminalFiles.text(file) }
        do {
            if let installed = try PrivateFile.readPublic(files.clientAuthorities) {
                authorities = (authorities.map { $0.hasSuffix("\n") ? $0 : $0 + "\n" } ?? "") + String(decoding: installed, as: UTF8.self)
            }
            if let certificate = configuration.pos.certificate, let key = configuration.pos.key {
                return POSServerTLS(
                    certificateChain: try TerminalFiles.text(certificate), privateKey: SecretBytes(try TerminalFiles.text(key).utf8),
                    clientCertificates: mode, clientAuthorities: authorities)
            }
            if let imported = try importedCertificate() {
                return POSServerTLS(
                    certificateChain: imported.chain, privateKey: imported.key, clientCertificates: mode, clientAuthorities: authorities)
            }
            let own = try siteCertificate()
            return POSServerTLS(
                certificateChain: own.chainPEM, privateKey: own.privateKeyPEM, clientCertificates: mode, clientAuthorities: authorities)
        } catch let error as ServiceError {
            throw error
        } catch let error as KeysError {
            throw ServiceError(.tls, "The site's certificates cannot be made or read: \(error)", remedy: error.remedy)
        } catch { throw ServiceError(.tls, "The site's certificates cannot be made or read: \(error)") }
    }

    /// The imported certificate, unless it has expired or a crash has left it without its key.
    private func importedCertificate() throws(KeysError) -> (chain: String, key: SecretBytes)? {
        guard let chain = try PrivateFile.readPublic(files.importedCertificate), let key = try PrivateFile.read(files.importedKey) else {
            return nil
        }
        let (text, secret) = (String(decoding: chain, as: UTF8.self), SecretBytes(key))
        do throws(KeysError) { _ = try CertificateInspection(chain: text, for: secret, now: clock.wallTime.milliseconds / 1000) } catch {
            logger.warning("The imported certificate is not used: \(error)")
            return nil
        }
        return (text, secret)
    }

    private func siteCertificate() throws(KeysError) -> ServerCertificate {
        let (hosts, addresses) = TerminalFiles.localNames()
        let given = configuration.pos.names
        let now = clock.wallTime.milliseconds / 1000
        let names = try CertificateNames(
            hosts: hosts + given.filter { IPAddress($0) == nil }, addresses: addresses + given.filter { IPAddress($0) != nil })
        return try SiteCertificateAuthority.open(directory: files.tls, now: now).serverCertificate(
            directory: files.tls, names: names, now: now)
    }

    // MARK: Operations

    /// - Parameters:
    ///   - printer: the one in service now.
    ///   - restart: ends the process in order.
    func operations(
        engine: TerminalEngine, display: any CardholderDisplay, parameters: TerminalParameters, events: TerminalEvents,
        printer: @escaping @Sendable () -> (any Printer)?, cards: any CardSource, certificates: any CertificateKeeping,
        diagnosis: Diagnosis, restart: @escaping @Sendable () -> Void
    ) -> TerminalOperations {
        var environment = TerminalOperations.Environment(
            terminal: engine, parameters: parameters, display: display, show: { engine.show($0) },
            currency: configuration.merchant.currency,
            language: Language(rawValue: configuration.merchant.language) ?? .english)
        environment.printer = printer
        environment.cardSource = cards
        environment.certificates = certificates
        environment.restart = restart
        environment.diagnose = { await diagnosis.answer() }
        environment.clearRanges = configuration.pos.clearRanges
        environment.parametersChanged = { keys in
            if keys.contains("RESTARTTIME") { Task { await engine.scheduleRestart() } }
            if keys.contains("SETTLETIME") { Task { await engine.scheduleSettlement() } }
        }
        environment.events = { events.stream() }
        environment.log = logger.labelled("operations")
        return TerminalOperations(environment)
    }
}
