import Devices
import EMV
import Glibc
import ISO8583
import Keys
import Logging
import NIOCore
import NIOPosix
import PaymentHost
import Terminal
import TerminalAPI
import USB

/// Makes the parts of one terminal from its configuration.
struct Assembly {
    let configuration: Configuration
    let files: TerminalFiles
    let logger: Logger
    let clock = SystemClock()

    // MARK: Devices

    /// The system's USB; `nil`, with a line in the log, on a machine whose USB cannot be used.
    func systemBus() -> LibUSBBus? {
        do { return try LibUSBBus(logger: logger.labelled("usb")) } catch {
            logger.error("USB cannot be used: \(error)")
            return nil
        }
    }

    // MARK: Host

    func hostLink(nextSTAN: @escaping @Sendable () async throws -> Int) throws(ServiceError) -> HostLink {
        let host = configuration.host
        let addresses = [host.primary, host.secondary].compactMap { $0 }.map { HostLinkConfiguration.Address(host: $0.host, port: $0.port) }
        let security: HostLinkConfiguration.Security =
            host.tls
            ? .tls(
                .init(
                    authorityFile: host.ca, serverName: host.serverName, certificateFile: host.certificate, keyFile: host.key,
                    pins: host.pins))
            : .plain
        var macKey: SecretBytes?
        if let file = host.macKey {
            do { macKey = try KeyFile.read(file, byteCounts: [16, 24, 32]) } catch {
                throw ServiceError(.keys, "host.macKey: \(error)", remedy: error.remedy)
            }
        }
        let clock = clock
        let dialect = try dialect(host.dialect)
        var keyFile: HostKeyFile?
        if let macKey, let file = host.keyEncryptionKey {
            do {
                keyFile = HostKeyFile(
                    path: files.hostKey, initial: macKey, protection: try KeyFile.read(file, byteCounts: [16, 24, 32]), dialect: dialect)
            } catch {
                throw ServiceError(.keys, "host.keyEncryptionKey: \(error)", remedy: error.remedy)
            }
        }
        do {
            let settings = HostLinkConfiguration(
                addresses: addresses, security: security, dialect: dialect, macKey: try keyFile?.key() ?? macKey,
                keyProtection: keyFile?.protection, merchant: merchantIdentity)
            var environment = HostLink.Environment(nextSTAN: nextSTAN) {
                let now = clock.wallTime
                return WireDateTimes(local: now.calendar(offset: clock.localOffset(at: now)).field12, transmission: now.calendar().field7)
            }
            if let keyFile { environment.storeKey = { try keyFile.store($0) } }
            return try HostLink(configuration: settings, environment: environment, logger: logger.labelled("host"))
        } catch let error as PaymentHostError {
            throw ServiceError(.host, "The host link cannot be made: \(error)", remedy: error.remedy)
        } catch let error as ServiceError {
            throw error
        } catch {
            throw ServiceError(.host, "The host link cannot be made: \(error)")
        }
    }

    private func dialect(_ name: String) throws(ServiceError) -> Dialect {
        do {
            return try Dialect.embeddedNames.contains(name) ? Dialect.named(name) : Dialect(yaml: try TerminalFiles.text(name))
        } catch { throw ServiceError(.host, "host.dialect: \(error)") }
    }

    // MARK: Engine

    func engine(
        registry: DeviceRegistry, link: HostLink, display: any CardholderDisplay, parameters: TerminalParameters,
        events: TerminalEvents, point: @escaping @Sendable (TransactionPoint) -> Void,
        onFatal: @escaping @Sendable (JournalError) -> Void
    ) throws(ServiceError) -> TerminalEngine {
        let merchant = configuration.merchant
        var limits = TransactionLimits()
        limits.card = configuration.limits.card
        limits.cardholder = configuration.limits.cardholder
        limits.host = configuration.limits.host
        let authorities = try AuthorityKeysFile.read(configuration.authorityKeysFile)
        let cards = try CardTable.read(file: configuration.cardsFile)
        let objects = try DataObjectsFile.read(configuration.dataObjectsFile)
        var terminal = TerminalConfiguration(
            merchant: merchantIdentity, merchantName: merchant.name, currency: merchant.currency, model: Product.name,
            serialNumber: merchant.serialNumber, applicationName: Product.name, applicationVersion: Product.version, limits: limits,
            posConnectionLost: configuration.pos.connectionLost == .complete ? .complete : .reverse,
            cardBrands: cards.brands,
            terminalData: terminalData(authenticatesData: authorities != .none, objects),
            applications: cards.applications, language: merchant.language,
            dataDirectory: files.directory)
        terminal.authorities = authorities
        terminal.dataObjects = objects
        terminal.exceptions = try ExceptionFile.read(configuration.exceptionsFile)
        terminal.merchantLocation = merchant.location == "-" ? "" : merchant.location
        terminal.followUpPacing.unknownOriginalFinalAfter =
            try dialect(configuration.host.dialect).options.unknownOriginalFinalAfter.map { .seconds($0) }
        let keys: SiteKeys
        do { keys = try SiteKeys.open(path: files.siteKey) } catch {
            throw ServiceError(.keys, "The site key cannot be used: \(error)", remedy: error.remedy)
        }
        var environment = TerminalEngine.Environment(
            configuration: terminal, devices: registry, host: link, display: display, keys: keys, onFatal: onFatal)
        environment.point = point
        let today = environment.clock.wallTime.calendar()
        if let remark = AuthorityKeysFile.remark(authorities, on: KernelDate(year: today.year, month: today.month, day: today.day)) {
            logger.warning("\(remark)")
        }
        // Ends in order as on SIGTERM (1001 to every connection, sign-off at the host); whoever watches over the process starts it again.
        let (reboots, log) = (configuration.reboots, logger)
        environment.onRestartDue = { if !reboots || !MachineRestart().begin(log) { _ = kill(getpid(), SIGTERM) } }
        environment.parameters = parameters
        environment.cardChanged = { events.tell(.card(isPresent: $0)) }
        environment.log = logger.labelled("terminal")
        return TerminalEngine(environment)
    }

    /// What the POS has set, over the standards of the configuration file.
    func parameters() throws(ServiceError) -> TerminalParameters {
        let limits = configuration.limits
        let standards = [
            "CARDTIMEOUT": limits.card, "CARDHOLDERTIMEOUT": limits.cardholder, "HOSTTIMEOUT": limits.host,
        ].mapValues { String($0.components.seconds) }
        let language = Language(rawValue: configuration.merchant.language) ?? .english
        do {
            return try TerminalParameters(
                path: files.parameters, standards: standards.merging(["LANG": language.parameter]) { $1 })
        } catch { throw ServiceError(.file, "The stored parameters cannot be read: \(error)", remedy: error.remedy) }
    }

    var merchantIdentity: MerchantIdentity { configuration.merchantIdentity }

    func terminalData(authenticatesData: Bool, _ objects: DataObjectTable) -> TerminalData {
        configuration.terminalData(authenticatesData: authenticatesData, objects)
    }
}

extension Configuration {
    var merchantIdentity: MerchantIdentity {
        MerchantIdentity(
            terminalID: merchant.terminalID, merchantID: merchant.merchantID, nameAndLocation: "\(merchant.name), \(merchant.location)",
            categoryCode: merchant.categoryCode, acquirerID: merchant.acquirerID)
    }

    /// 9F33 claims what the devices of this version can do: chip, signature, no CVM; and the methods of offline data authentication where there
    /// are keys to do them with. Claimed without keys they would all fail, which is worse than not performed.
    func terminalData(authenticatesData: Bool, _ objects: DataObjectTable) -> TerminalData {
        var data = TerminalData()
        data.capabilities = [.chip, .signature, .noCVM]
        if authenticatesData { data.capabilities.formUnion([.sda, .dda, .cda]) }
        (data.defaultDDOL, data.defaultTDOL) = (objects.defaultDDOL, objects.defaultTDOL)
        data.type = kernel.terminalType
        data.pinBypass = kernel.pinBypass
        data.cardholderSelection = kernel.cardholderSelection
        for part in kernel.codeTables { data.additionalCapabilities.formUnion(.codeTable(part)) }
        data.countryCode = merchant.countryCode
        data.interfaceDeviceSerialNumber = merchant.serialNumber.prefixPadded(8)
        data.merchantCategoryCode = merchant.categoryCode
        data.terminalIdentification = merchant.terminalID.prefixPadded(8)
        data.merchantIdentifier = merchant.merchantID.prefixPadded(15)
        data.merchantNameAndLocation = merchantIdentity.nameAndLocation
        data.acquirerIdentifier = merchant.acquirerID
        return data
    }
}

extension Logger {
    /// The same handler and level under another name.
    func labelled(_ part: String) -> Logger {
        var logger = self
        logger[metadataKey: "part"] = "\(part)"
        return logger
    }
}

extension String {
    /// The first characters, with spaces behind up to the length: EMV "ans 8" and the like.
    fileprivate func prefixPadded(_ length: Int) -> String {
        let text = prefix(length)
        return text + String(repeating: " ", count: length - text.count)
    }
}
