/// A document as the bytes of an ESC/POS printer (Epson's command reference; the subset that every clone knows).
enum ESCPOSDocument {
    static func bytes(_ document: PrintDocument, columns: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<max(1, min(document.copies, 5)) { bytes += copy(document, columns) }
        return bytes
    }

    private static func copy(_ document: PrintDocument, _ columns: Int) -> [UInt8] {
        // ESC @ forgets what an earlier document left; ESC t 16 is Windows-1252, ESC R 0 the American set.
        var bytes: [UInt8] = [0x1B, 0x40, 0x1B, 0x74, 16, 0x1B, 0x52, 0]
        var style = Style()
        for line in document.lines {
            bytes += style.change(to: Style(line))
            for part in wrapped(line.text, line.double ? columns / 2 : columns) { bytes += encoded(part) + [0x0A] }
        }
        bytes += style.change(to: Style())
        // GS V 65 n feeds to the cutter and n dots more, then cuts.
        return bytes + (document.cut ? [0x1D, 0x56, 0x41, 16] : [0x1B, 0x64, 4])
    }

    private struct Style: Equatable {
        var alignment = PrintDocument.Alignment.left
        var bold = false
        var double = false

        init() {}

        init(_ line: PrintDocument.Line) { (alignment, bold, double) = (line.alignment, line.bold, line.double) }

        /// ESC a, ESC E, GS !.
        mutating func change(to new: Style) -> [UInt8] {
            var bytes: [UInt8] = []
            if new.alignment != alignment {
                let code: UInt8 =
                    switch new.alignment {
                    case .left: 0
                    case .center: 1
                    case .right: 2
                    }
                bytes += [0x1B, 0x61, code]
            }
            if new.bold != bold { bytes += [0x1B, 0x45, new.bold ? 1 : 0] }
            if new.double != double { bytes += [0x1D, 0x21, new.double ? 0x11 : 0] }
            self = new
            return bytes
        }
    }

    /// Lines of at most so many characters; what is longer goes on in the next one.
    private static func wrapped(_ text: String, _ columns: Int) -> [Substring] {
        var parts: [Substring] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var rest = line
            repeat {
                parts.append(rest.prefix(max(1, columns)))
                rest = rest.dropFirst(max(1, columns))
            } while !rest.isEmpty
        }
        return parts
    }

    /// Windows-1252 where it is Latin-1, and the euro; anything else, and control characters, print as a question mark.
    private static func encoded(_ text: Substring) -> [UInt8] {
        text.unicodeScalars.map { scalar in
            switch scalar.value {
            case 0x20...0x7E, 0xA0...0xFF: UInt8(scalar.value)
            case 0x20AC: 0x80
            default: 0x3F
            }
        }
    }
}

/// DLE EOT n: real-time status, one byte each. Bits 1 and 4 are always 1, bits 0 and 7 always 0.
enum ESCPOSStatus {
    static let printer: UInt8 = 1
    static let offlineCause: UInt8 = 2
    static let paper: UInt8 = 4

    static func request(_ number: UInt8) -> [UInt8] { [0x10, 0x04, number] }

    static func isStatus(_ byte: UInt8) -> Bool { byte & 0x93 == 0x12 }

    static func coverOpen(offlineCause byte: UInt8) -> Bool { byte & 0x04 != 0 }

    static func paper(_ byte: UInt8) -> PrinterStatus.Paper {
        if byte & 0x60 == 0x60 { return .out }
        return byte & 0x0C == 0x0C ? .low : .present
    }

    /// GET_PORT_STATUS of the printer class: bit 5 paper empty, bit 3 no error.
    static func portStatus(_ byte: UInt8) -> PrinterStatus { PrinterStatus(paper: byte & 0x20 != 0 ? .out : .present, coverOpen: false) }
}
