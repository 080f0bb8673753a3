// swift-tools-version: 6.1
import PackageDescription

// Floors, lowest first; a module imports only what stands below it (docs/architecture.md).

let nio = "swift-nio"

func module(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(name)", resources: resources)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)", resources: resources)
}

func nioProduct(_ name: String) -> Target.Dependency { .product(name: name, package: nio) }
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
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
        .systemLibrary(name: "CLibUSB", pkgConfig: "libusb-1.0", providers: [.apt(["libusb-1.0-0-dev"])]),
        .systemLibrary(name: "CLibUDev", pkgConfig: "libudev", providers: [.apt(["libudev-dev"])]),
        .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        module("Hex", []),
        module("Money", []),
        module("JSON", []),
        // Floor 2; Keys first: the secret types are everybody's.
        module("Keys", ["CLibCrypto", "Hex"]),
        module("SmartCard", ["Hex"]),
        module("ISO8583", ["Hex", "Keys", yams]),
        module("USB", ["CLibUSB", "CLibUDev", "Hex", logging]),
        // Floor 3
        module("Devices", ["USB", "SmartCard", "Hex", logging]),
        module("EMV", ["SmartCard", "Keys", "Hex", "Money"]),
        module(
            "PaymentHost",
            [
                "ISO8583", "Keys", "Hex", "Money", logging, nioSSL, nioProduct("NIOCore"), nioProduct("NIOPosix"),
                nioProduct("NIOConcurrencyHelpers"),
            ]),
        // Floor 4
        module("Terminal", ["EMV", "Devices", "PaymentHost", "Keys", "Hex", "Money", "JSON", logging, grdb]),
        // Floor 5
        module(
            "TerminalAPI",
            [
                "Terminal", "JSON", "Hex", "Money", "Keys", logging, nioSSL, nioProduct("NIOCore"), nioProduct("NIOPosix"),
                nioProduct("NIOHTTP1"), nioProduct("NIOWebSocket"), nioProduct("NIOConcurrencyHelpers"),
            ]),
        module(
            "Service",
            ["Hex", "TerminalAPI", "Terminal", "Devices", "PaymentHost", "USB", "Keys", "EMV", "ISO8583", "Money", yams, logging]),
        module(
            "Lab",
            [
                "Service", "TerminalAPI", "Terminal", "Devices", "USB", "SmartCard", "EMV", "ISO8583", "Keys", "Hex", "Money", "JSON", yams,
                logging, nioSSL, nioProduct("NIOCore"), nioProduct("NIOPosix"), nioProduct("NIOHTTP1"), nioProduct("NIOWebSocket"),
                nioProduct("NIOConcurrencyHelpers"),
            ], resources: [.embedInCode("Cards"), .embedInCode("Console")]),
        // Floor 6
        .executableTarget(
            name: "countertop", dependencies: ["Service", "Devices", "USB", "JSON", argumentParser, logging], path: "Sources/countertop"),
        .executableTarget(
            name: "countertop-lab", dependencies: ["Lab", "Service", "JSON", argumentParser, logging], path: "Sources/countertop-lab"),
        // Tests
        tests("Hex", ["Hex"]),
        tests("Money", ["Money"]),
        tests("JSON", ["JSON"]),
    ],
    swiftLanguageModes: [.v6]
)
