/// Made for these tests alone, valid for a hundred years: an authority, the server's leaf for localhost, one till's certificate, and a
/// stranger's that nobody signed.
enum TestCertificates {
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBoDCCAUWgAwIBAgIUa/50Jz5tWlVdT3A2qiyWrcxiP8gwCgYIKoZIzj0EAwIw
        JDEiMCAGA1UEAwwZQ291bnRlcnRvcCB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjIy
        MjI4MzNaGA8yMTI2MTAyOTIyMjgzM1owJDEiMCAGA1UEAwwZQ291bnRlcnRvcCB0
        ZXN0IGF1dGhvcml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDTaKjF3lE87
        mO+NnzCaWV3pl0+H16eaGQX0i/zu7+dD5BZ6a1yOog1HXViSE6nEb5FYXz4AHXrl
        n9BPakRhWZqjUzBRMB0GA1UdDgQWBBQE7P80lFc+wh4cEeXG769pDRCm5TAfBgNV
        HSMEGDAWgBQE7P80lFc+wh4cEeXG769pDRCm5TAPBgNVHRMBAf8EBTADAQH/MAoG
        CCqGSM49BAMCA0kAMEYCIQCbxPLTDHwfxKY6sY7owdkH4Cj0W6zSJ60OdktSn+9F
        +AIhAJyYW+MakgeWP4vMG/vLvZSesjhw8Ku8Fk5wmR3/MqOV
        -----END CERTIFICATE-----
        """

    static let server = """
        -----BEGIN CERTIFICATE-----
        MIIB2TCCAX6gAwIBAgIUTY20xgvvo0Yu5kEQT8tzlO4BU0YwCgYIKoZIzj0EAwIw
        JDEiMCAGA1UEAwwZQ291bnRlcnRvcCB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjIy
        MjI4MzNaGA8yMTI2MTAyOTIyMjgzM1owFDESMBAGA1UEAwwJbG9jYWxob3N0MFkw
        EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEE02jUhbsCzYVKcZaJ+l+LareB8FgPxRo
        sjRwUzGznaGg6q1xpRYrmRUZGb7u4VLVZSFzJdefr/QIh8ABn/P94aOBmzCBmDAs
        BgNVHREEJTAjgglsb2NhbGhvc3SHBH8AAAGHEAAAAAAAAAAAAAAAAAAAAAEwCQYD
        VR0TBAIwADAdBgNVHSUEFjAUBggrBgEFBQcDAQYIKwYBBQUHAwIwHQYDVR0OBBYE
        FAlYaMcRcH4VHH5t9rJ3Dlj2Is3pMB8GA1UdIwQYMBaAFATs/zSUVz7CHhwR5cbv
        r2kNEKblMAoGCCqGSM49BAMCA0kAMEYCIQCvE74D7RER3hoFHdohIahgQncbq3zF
        UTMB45WcfpWInQIhALRhfUQeKCRt52c4hSTf0EImyPXaizhMkXjnyL5SYRe4
        -----END CERTIFICATE-----
        """

    static let serverKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTQSx4zH5vNcgBT8E
        dZGaL8jjhhEEyOeAYVEJ9FHMtMehRANCAAQTTaNSFuwLNhUpxlon6X4tqt4HwWA/
        FGiyNHBTMbOdoaDqrXGlFiuZFRkZvu7hUtVlIXMl15+v9AiHwAGf8/3h
        -----END PRIVATE KEY-----
        """

    static let till = """
        -----BEGIN CERTIFICATE-----
        MIIBtzCCAV2gAwIBAgIUTY20xgvvo0Yu5kEQT8tzlO4BU0cwCgYIKoZIzj0EAwIw
        JDEiMCAGA1UEAwwZQ291bnRlcnRvcCB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjIy
        MjI4MzNaGA8yMTI2MTAyOTIyMjgzM1owETEPMA0GA1UEAwwGVGlsbCAxMFkwEwYH
        KoZIzj0CAQYIKoZIzj0DAQcDQgAEip29xI+Z8XoXnVcuQQyyK3wigiSOjfDYYpUN
        SlhW5A/GWQ5dwHbibIC403uvw2oeX5w/P/qqigUUZy3pAKHbKaN+MHwwEAYDVR0R
        BAkwB4IFdGlsbDEwCQYDVR0TBAIwADAdBgNVHSUEFjAUBggrBgEFBQcDAQYIKwYB
        BQUHAwIwHQYDVR0OBBYEFCm2+GmVtGRLro+d2WwWmIwi3AqMMB8GA1UdIwQYMBaA
        FATs/zSUVz7CHhwR5cbvr2kNEKblMAoGCCqGSM49BAMCA0gAMEUCIQCIDMKK6UXT
        4rfFuXp0hIYk3MJ6bPmvVSIhLz/Uo3rLTAIgXA4HOgcTPFvvbt/tx92z1WYT7BjH
        21IpTg3e2lAJ4/0=
        -----END CERTIFICATE-----
        """

    static let tillKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwpzwq0gKmWDfYTBX
        tAjEsycks6XdmcBot1IOnj8Hc0uhRANCAASKnb3Ej5nxehedVy5BDLIrfCKCJI6N
        8NhilQ1KWFbkD8ZZDl3AduJsgLjTe6/Dah5fnD8/+qqKBRRnLekAodsp
        -----END PRIVATE KEY-----
        """

    static let stranger = """
        -----BEGIN CERTIFICATE-----
        MIIBfTCCASOgAwIBAgIUPiS2WPkGpxt5nagJvsAMh0EL7rYwCgYIKoZIzj0EAwIw
        EzERMA8GA1UEAwwIU3RyYW5nZXIwIBcNMjYxMTIyMjIyODMzWhgPMjEyNjEwMjky
        MjI4MzNaMBMxETAPBgNVBAMMCFN0cmFuZ2VyMFkwEwYHKoZIzj0CAQYIKoZIzj0D
        AQcDQgAEyaOQjBINi2xjMr1X1hoehgVSmNohbVImbplXHQZvUQGzjKil9w8UtWHQ
        RxYktkGcfWxrJecE5V1yu4B6tApfo6NTMFEwHQYDVR0OBBYEFKMAHb8Ob6jIVnQV
        cNiJPt9m9puwMB8GA1UdIwQYMBaAFKMAHb8Ob6jIVnQVcNiJPt9m9puwMA8GA1Ud
        EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAKveC9GhOXQvvhlVNp43NRUD
        9WatP/p5OS4GE+vMqBSLAiBrVT7oCwIoqP50Lojsk9vUb5TxqgTH36JY1OCcxAlS
        Pg==
        -----END CERTIFICATE-----
        """

    static let strangerKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgoMRd39+bJ+MCwAWd
        MOuSBlo7z/D33EjnYkz2XDsgbTihRANCAATJo5CMEg2LbGMyvVfWGh6GBVKY2iFt
        UiZumVcdBm9RAbOMqKX3DxS1YdBHFiS2QZx9bGsl5wTlXXK7gHq0Cl+j
        -----END PRIVATE KEY-----
        """

    /// SHA-256 of the till's certificate.
    static let tillFingerprint = "5B4B6502551FCC425B16DEE487B6B2A91CF0B1FC531655D1258464A187D0BCC9"
}
