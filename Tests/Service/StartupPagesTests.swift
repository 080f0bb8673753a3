import Testing

@testable import Service

@Suite struct StartupPagesTests {
    @Test func onlyProgramTextOfFilesIsGivenBack() {
        let text = StartupPages.text(in: Array("55d0c8000000-55d0c9000000 r-xp 00001000 fe:00 123  /usr/bin/countertop".utf8))
        #expect(text == 0x55d0_c800_0000..<0x55d0_c900_0000)
    }

    /// Relocated, writable and anonymous memory would come back changed.
    @Test(arguments: [
        "55d0c8000000-55d0c9000000 r--p 00001000 fe:00 123  /usr/bin/countertop",
        "55d0c8000000-55d0c9000000 rwxp 00001000 fe:00 123  /usr/bin/countertop",
        "7ffd1c5c2000-7ffd1c5c4000 r-xp 00000000 00:00 0    [vdso]",
        "7f0000000000-7f0000001000 r-xp 00000000 00:00 0",
        "7f0000001000-7f0000000000 r-xp 00000000 fe:00 123  /usr/bin/countertop",
        "zz-7f0000000000 r-xp 00000000 fe:00 123  /usr/bin/countertop", "", "-", "r-xp",
    ])
    func nothingElseIs(line: String) {
        #expect(StartupPages.text(in: Array(line.utf8)) == nil)
    }

    @Test func theProgramGoesOnAfterIt() {
        #expect(StartupPages.release() > 0)
        #expect("\([1, 2, 3].map { $0 * 2 })" == "[2, 4, 6]")
    }
}
