import Glibc

/// An IPv4 or IPv6 address. IPv4 is kept in its IPv6-mapped form (RFC 4291, 2.5.5.2), so that a peer is the same peer on a dual-stack socket.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// 16 bytes.
    let bytes: [UInt8]

    private static let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

    /// `nil` when `text` is no numeric address. A zone (`fe80::1%eth0`) is passed over.
    public init?(_ text: some StringProtocol) {
        let numeric = String(text.prefix { $0 != "%" })
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, numeric, &four) == 1 {
            bytes = Self.mappedPrefix + withUnsafeBytes(of: four) { Array($0) }
        } else if inet_pton(AF_INET6, numeric, &six) == 1 {
            bytes = withUnsafeBytes(of: six) { Array($0) }
        } else {
            return nil
        }
    }

    var isIPv4: Bool { bytes.starts(with: Self.mappedPrefix) }

    /// 127.0.0.0/8 and ::1.
    public var isLoopback: Bool { AddressRange.loopback.contains { $0.contains(self) } }

    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = isIPv4 ? AF_INET : AF_INET6
        let address = isIPv4 ? Array(bytes.dropFirst(12)) : bytes
        guard inet_ntop(family, address, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A range of addresses, `192.168.1.0/24` or `::1/128`; one address without a length.
public struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    private let network: IPAddress
    /// Bits of the 128 that count.
    private let prefixLength: Int

    public static let loopback = ["127.0.0.0/8", "::1/128"].compactMap { AddressRange($0) }

    /// `nil` when the address is not numeric, the length does not fit it, or bits beyond the length are set.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let network = IPAddress(first) else { return nil }
        let width = network.isIPv4 && !first.contains(":") ? 32 : 128
        var length = width
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let given = Int(parts[1]), given <= width else { return nil }
            length = given
        }
        self.network = network
        prefixLength = length + 128 - width
        guard (prefixLength..<128).allSatisfy({ !Self.bit($0, of: network.bytes) }) else { return nil }
    }

    public func contains(_ address: IPAddress) -> Bool {
        (0..<prefixLength).allSatisfy { Self.bit($0, of: network.bytes) == Self.bit($0, of: address.bytes) }
    }

    private static func bit(_ index: Int, of bytes: [UInt8]) -> Bool { bytes[index / 8] & (0x80 >> UInt8(index % 8)) != 0 }

    public var description: String { network.isIPv4 ? "\(network)/\(prefixLength - 96)" : "\(network)/\(prefixLength)" }
}
