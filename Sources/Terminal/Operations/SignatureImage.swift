import Devices

/// A signature as a black and white picture (PNG, ISO/IEC 15948), at most `largestSide` pixels wide.
struct SignatureImage {
    static let largestSide = 400
    private static let penRadius = 1

    private let width: Int
    private let height: Int
    /// Rows of bits, most significant first, 1 is white.
    private var rows: [[UInt8]]

    init(_ signature: Signature) {
        let longest = max(signature.width, signature.height)
        func scaled(_ value: Int) -> Int { longest <= Self.largestSide ? value : value * Self.largestSide / longest }
        (width, height) = (max(1, scaled(signature.width)), max(1, scaled(signature.height)))
        rows = Array(repeating: Array(repeating: 0xFF, count: (width + 7) / 8), count: height)
        for stroke in signature.strokes {
            var last = stroke.first
            for point in stroke {
                line(from: (scaled((last ?? point).x), scaled((last ?? point).y)), to: (scaled(point.x), scaled(point.y)))
                last = point
            }
        }
    }

    /// Bresenham's line, as thick as the pen.
    private mutating func line(from start: (x: Int, y: Int), to end: (x: Int, y: Int)) {
        var (x, y) = start
        let (dx, dy) = (abs(end.x - x), -abs(end.y - y))
        let (stepX, stepY) = (x < end.x ? 1 : -1, y < end.y ? 1 : -1)
        var error = dx + dy
        while true {
            for row in y - Self.penRadius...y + Self.penRadius {
                for column in x - Self.penRadius...x + Self.penRadius { blacken(column, row) }
            }
            if x == end.x, y == end.y { return }
            let doubled = 2 * error
            if doubled >= dy {
                error += dy
                x += stepX
            }
            if doubled <= dx {
                error += dx
                y += stepY
            }
        }
    }

    private mutating func blacken(_ x: Int, _ y: Int) {
        guard (0..<width).contains(x), (0..<height).contains(y) else { return }
        rows[y][x / 8] &= ~(0x80 >> UInt8(x % 8))
    }

    var png: [UInt8] {
        var header = Self.bytes(UInt32(width)) + Self.bytes(UInt32(height))
        // One bit a pixel, greyscale, deflate, adaptive filtering, no interlace (11.2.2).
        header += [1, 0, 0, 0, 0]
        let raw: [UInt8] = rows.flatMap { (row: [UInt8]) -> [UInt8] in [0] + row }
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Self.chunk("IHDR", header) + Self.chunk("IDAT", Self.zlib(raw))
            + Self.chunk("IEND", [])
    }

    /// RFC 1950 around stored blocks of RFC 1951: a few kilobytes are not worth a compressor.
    private static func zlib(_ raw: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var start = 0
        repeat {
            let count = min(65_535, raw.count - start)
            let (low, high) = (UInt8(count & 0xFF), UInt8(count >> 8))
            stream += [start + count == raw.count ? 1 : 0, low, high, ~low, ~high] + raw[start..<start + count]
            start += count
        } while start < raw.count
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in raw {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return stream + bytes(b << 16 | a)
    }

    private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + data
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in body {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return bytes(UInt32(data.count)) + body + bytes(~crc)
    }

    private static func bytes(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }
}
