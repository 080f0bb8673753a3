// swift-tools-version: 6.2
import PackageDescription

// Floors, lowest first; a module imports only what stands below it (docs/architecture.md).

// `make check` and CI: a warning is an error. Not always on, so that a newer compiler's new warning does not stop an integrator's build.
let settings: [SwiftSetting] = Context.environment["COUNTERTOP_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)]

func module(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(name)", resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.init(stringLiteral: name), "Seeds"] + dependencies, path: "Tests/\(name)",
        swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: settings)
}

func nio(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-nio") }
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "countertop",
    products: [
        .executable(name: "countertop", targets: ["countertop"]),
        .executable(name: "countertop-lab", targets: ["countertop-lab"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Floor 1
        .systemLibrary(name: "CLibUSB", path: "Sources/CLibUSB", pkgConfig: "libusb-1.0", providers: [.apt(["libusb-1.0-0-dev"])]),
        .systemLibrary(name: "CLibUDev", path: "Sources/CLibUDev", pkgConfig: "libudev", providers: [.apt(["libudev-dev"])]),
        .systemLibrary(name: "CLibCrypto", path: "Sources/CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLibTime", path: "Sources/CLibTime"),
        .systemLibrary(name: "CLibTasks", path: "Sources/CLibTasks"),
        module("Hex", []),
        module("Money", []),
        module("JSON", []),
        module("Listening", []),
        // Floor 2; Keys lowest: the secret types are everybody's.
        module("Keys", ["CLibCrypto", "Hex"]),
        module("SmartCard", ["Hex"]),
        module("MagneticStripe", ["Keys"]),
        module("ISO8583", ["Hex", "Keys", yams], resources: [.embedInCode("Dialects")]),
        module("USB", ["CLibUSB", "CLibUDev", "Hex", "Listening", logging]),
        // Floor 3
        module("Devices", ["USB", "SmartCard", "MagneticStripe", "Keys", "Hex", "Listening", logging]),
        module("EMV", ["SmartCard", "Keys", "Hex", "Money", yams], resources: [.embedInCode("Tables")]),
        module(
            "PaymentHost",
            [
                "ISO8583", "Keys", "Hex", "Money", "Listening", logging, nioSSL, nio("NIOCore"), nio("NIOPosix"), nio("NIOTLS"),
                nio("NIOConcurrencyHelpers"),
            ]),
        // Floor 4
        module(
            "Terminal",
            ["EMV", "Devices", "SmartCard", "MagneticStripe", "PaymentHost", "Listening", "Keys", "Hex", "Money", "JSON", logging, grdb],
            resources: [.embedInCode("Texts")]),
        // Floor 5
        module(
            "TerminalAPI",
            [
                "Terminal", "Devices", "PaymentHost", "JSON", "Hex", "Money", "Keys", logging, nioSSL, nio("NIOCore"), nio("NIOPosix"),
                nio("NIOHTTP1"), nio("NIOWebSocket"), nio("NIOConcurrencyHelpers"),
            ]),
        module(
            "Diagnostics",
            [
                "Terminal", "Devices", "USB", "PaymentHost", "JSON", "Hex", nioSSL, nio("NIOCore"), nio("NIOPosix"), nio("NIOTLS"),
                "CLibTime",
            ],
            resources: [.embedInCode("Rules")]),
        module(
            "Service",
            [
                "Diagnostics", "TerminalAPI", "Terminal", "Devices", "PaymentHost", "USB", "Keys", "EMV", "ISO8583", "Money", "Hex", "JSON",
                "Listening",
                yams,
                logging, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"),
            ], resources: [.embedInCode("Tables"), .embedInCode("Pages")]),
        module(
            "Lab",
            [
                "CLibTasks", "Service", "TerminalAPI", "Terminal", "Devices", "USB", "SmartCard", "EMV", "ISO8583", "PaymentHost", "Keys",
                "Hex",
                "Money",
                "JSON", "Listening", yams, logging, sqlite, nioSSL, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOWebSocket"),
                nio("NIOConcurrencyHelpers"),
            ], resources: [.embedInCode("Cards/Profiles"), .embedInCode("Pages")]),
        // Floor 6
        program(
            "countertop",
            ["Service", "Terminal", "Diagnostics", "Devices", "EMV", "SmartCard", "USB", "JSON", "Hex", argumentParser, logging]),
        program(
            "countertop-lab",
            ["Lab", "Service", "TerminalAPI", "Devices", "SmartCard", "Hex", "USB", "JSON", argumentParser, logging, nio("NIOPosix")]),
        // Measures of `make bench`
        .executableTarget(
            name: "HostBenchmark", dependencies: ["Lab", "PaymentHost", "ISO8583", "Keys", "Money", "Hex", logging, nio("NIOPosix")],
            path: "Tests/Benchmarks/HostBenchmark", swiftSettings: settings),
        .executableTarget(
            name: "APIBenchmark",
            dependencies: ["TerminalAPI", "Terminal", logging, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOWebSocket")],
            path: "Tests/Benchmarks/APIBenchmark", swiftSettings: settings),
        .executableTarget(
            name: "EMVBenchmark", dependencies: ["Lab", "EMV", "SmartCard", "Keys", "Money", "Hex"], path: "Tests/Benchmarks/EMVBenchmark",
            swiftSettings: settings),
        // Tests
        .target(name: "Seeds", path: "Tests/Seeds", swiftSettings: settings),
        .systemLibrary(
            name: "CUMockdev", path: "Tests/HardwareInTheLoop/CUMockdev", pkgConfig: "umockdev-1.0", providers: [.apt(["libumockdev-dev"])]),
        .target(
            name: "Grounds", dependencies: ["CUMockdev", "Lab", "USB"], path: "Tests/HardwareInTheLoop/Grounds", swiftSettings: settings),
        .testTarget(
            name: "HardwareInTheLoopTests", dependencies: ["Grounds", "Lab", "Devices", "USB", "SmartCard", "Hex", logging],
            path: "Tests/HardwareInTheLoop/Cases", swiftSettings: settings),
        tests("Hex"),
        tests("Money"),
        tests("JSON"),
        tests("Listening"),
        tests("Keys", ["Hex"]),
        tests("SmartCard", ["Hex"]),
        tests("MagneticStripe", ["Keys"]),
        tests("ISO8583", ["Hex", "Keys"]),
        tests("USB", ["CLibUSB", "Hex", logging]),
        tests("Devices", ["Lab", "Grounds", "USB", "SmartCard", "MagneticStripe", "Keys", "Hex", logging]),
        tests("EMV", ["SmartCard", "Keys", "Hex", "Money"]),
        tests(
            "PaymentHost",
            ["ISO8583", "Keys", "Hex", "Money", logging, nioSSL, nio("NIOCore"), nio("NIOPosix"), nio("NIOConcurrencyHelpers")]),
        tests("Terminal", ["EMV", "Devices", "USB", "SmartCard", "PaymentHost", "Keys", "Hex", "Money", "JSON", logging, grdb]),
        // What the fuzzers check, also run over their corpus.
        .target(
            name: "FuzzTargets", dependencies: ["TerminalAPI", "Terminal", "JSON"], path: "Tests/Fuzz/Targets", swiftSettings: settings),
        tests(
            "TerminalAPI",
            [
                "FuzzTargets", "Terminal", "JSON", "Hex", "Money", "Keys", "Devices", "PaymentHost", logging, nioSSL, nio("NIOCore"),
                nio("NIOPosix"),
                nio("NIOHTTP1"), nio("NIOWebSocket"), nio("NIOConcurrencyHelpers"),
            ]),
        tests("Diagnostics", ["Lab", "Terminal", "Devices", "USB", "PaymentHost", "JSON", "Hex", logging]),
        tests("Service", ["TerminalAPI", "Terminal", "Keys", logging]),
        tests(
            "Lab",
            [
                "Grounds", "Service", "Terminal", "Devices", "USB", "SmartCard", "MagneticStripe", "EMV", "ISO8583", "PaymentHost", "Keys",
                "Hex",
                "Money", "JSON", logging,
                nioSSL, nio("NIOCore"), nio("NIOPosix"), nio("NIOConcurrencyHelpers"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// `make coverage`: the tests of one module with what they stand on; nothing else is built.
if let module = Context.environment["COUNTERTOP_ONLY"] {
    var needed: Set<String> = []
    func need(_ name: String) {
        guard needed.insert(name).inserted, let target = package.targets.first(where: { $0.name == name }) else { return }
        for case .byNameItem(let name, _) in target.dependencies { need(name) }
    }
    need("\(module)Tests")
    package.targets.removeAll { !needed.contains($0.name) }
    package.products = []
}

// `make fuzz`: what libFuzzer runs is in FuzzTargets, so that the tests can run it too.
if Context.environment["COUNTERTOP_FUZZ"] != nil {
    for name in ["Decoder", "Session"] {
        package.targets.append(
            .executableTarget(
                name: "\(name)Fuzzer", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/\(name)",
                swiftSettings: [.unsafeFlags(["-sanitize=fuzzer", "-parse-as-library"])],
                linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]))
    }
}
