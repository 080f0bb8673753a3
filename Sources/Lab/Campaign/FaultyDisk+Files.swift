import GRDBSQLite

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Result codes that SQLite's header has as expressions.
enum SQLiteCode {
    static let failed = SQLITE_IOERR
    static let writeFailed = SQLITE_IOERR | (3 << 8)
    static let syncFailed = SQLITE_IOERR | (4 << 8)
    static let full = SQLITE_FULL
}

/// SQLite's interface to files (sqlite.org, "The SQLite OS Interface or VFS"): a file of ours is a header, and behind it the real one.
extension FaultyDisk {
    private struct Header {
        var methods: UnsafePointer<sqlite3_io_methods>?
        var number: Int
    }

    private typealias File = UnsafeMutablePointer<sqlite3_file>

    private static let headerSize = MemoryLayout<Header>.stride

    private static func header(_ file: File) -> UnsafeMutablePointer<Header> {
        UnsafeMutableRawPointer(file).assumingMemoryBound(to: Header.self)
    }

    private static func real(_ file: File) -> File {
        (UnsafeMutableRawPointer(file) + headerSize).assumingMemoryBound(to: sqlite3_file.self)
    }

    /// The real file and its methods, unless the process that opened it is gone.
    private static func living(_ file: File?) -> (file: File, methods: sqlite3_io_methods, number: Int)? {
        guard let file, let methods = real(file).pointee.pMethods else { return nil }
        let number = header(file).pointee.number
        return state.withLock { $0.isAlive(number) } ? (real(file), methods.pointee, number) : nil
    }

    /// The layer that SQLite chose before ours. `nonisolated(unsafe)`: a pointer to a table of the C library that is only read.
    private nonisolated(unsafe) static let base = sqlite3_vfs_find(nil)

    /// Lives as long as the process. `nonisolated(unsafe)`: written once, when it is made.
    private nonisolated(unsafe) static let layer: UnsafeMutablePointer<sqlite3_vfs>? = {
        guard let base else { return nil }
        let layer = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        layer.initialize(to: base.pointee)
        layer.pointee.zName = UnsafePointer(strdup("countertop-faulty"))
        layer.pointee.pNext = nil
        layer.pointee.szOsFile += Int32(headerSize)
        layer.pointee.xOpen = { _, name, file, flags, outFlags in
            guard let file, let open = FaultyDisk.base?.pointee.xOpen else { return SQLITE_CANTOPEN }
            FaultyDisk.header(file).pointee = Header(methods: nil, number: 0)
            let code = open(FaultyDisk.base, name, FaultyDisk.real(file), flags, outFlags)
            guard code == SQLITE_OK else { return code }
            let path = name.map { String(cString: $0) } ?? ""
            let number = FaultyDisk.state.withLock { state in
                state.lastFile += 1
                state.paths[state.lastFile] = (path, state.life)
                return state.lastFile
            }
            FaultyDisk.header(file).pointee = Header(methods: UnsafePointer(FaultyDisk.methods), number: number)
            return code
        }
        layer.pointee.xDelete = { _, name, sync in
            guard let name, let delete = FaultyDisk.base?.pointee.xDelete else { return SQLITE_IOERR }
            let path = String(cString: name)
            // The last connection of a dead process would remove the log.
            let isAlive = FaultyDisk.state.withLock { state in
                let isAlive = state.paths.values.contains { $0.life == state.life && path.hasPrefix($0.path) }
                if isAlive { state.unsynced[path] = nil }
                return isAlive
            }
            return isAlive ? delete(FaultyDisk.base, name, sync) : SQLITE_IOERR
        }
        return layer
    }()

    /// Has SQLite open its files here from now on, as long as `body` runs.
    static func insert<Result>(_ body: () throws -> Result) throws -> Result {
        guard let layer, sqlite3_vfs_register(layer, 1) == SQLITE_OK else {
            throw LabError(.badRequest, "This SQLite does not take another layer of files.")
        }
        defer { sqlite3_vfs_register(base, 1) }
        return try body()
    }

    /// `nonisolated(unsafe)`: written once, when it is made, and read by SQLite from then on.
    private nonisolated(unsafe) static let methods: UnsafeMutablePointer<sqlite3_io_methods> = {
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        methods.initialize(to: sqlite3_io_methods())
        methods.pointee.iVersion = 2
        methods.pointee.xClose = { file in
            guard let file, let real = FaultyDisk.real(file).pointee.pMethods else { return SQLITE_OK }
            FaultyDisk.state.withLock { $0.paths[FaultyDisk.header(file).pointee.number] = nil }
            return real.pointee.xClose(FaultyDisk.real(file))
        }
        methods.pointee.xRead = { file, buffer, count, offset in
            guard let living = FaultyDisk.living(file) else { return SQLiteCode.failed }
            return living.methods.xRead(living.file, buffer, count, offset)
        }
        methods.pointee.xWrite = { FaultyDisk.write($0, $1, $2, $3) }
        methods.pointee.xTruncate = { FaultyDisk.truncate($0, $1) }
        methods.pointee.xSync = { file, _ in
            guard let living = FaultyDisk.living(file) else { return SQLiteCode.failed }
            // The medium is the model's: nothing need be waited for.
            return FaultyDisk.state.withLock { $0.sync(living.number) } ? SQLITE_OK : SQLiteCode.syncFailed
        }
        methods.pointee.xFileSize = { file, size in
            guard let living = FaultyDisk.living(file) else { return SQLiteCode.failed }
            return living.methods.xFileSize(living.file, size)
        }
        // Locks of a dead process are given back as the kernel does it.
        methods.pointee.xLock = { file, level in
            guard let file, let real = FaultyDisk.real(file).pointee.pMethods else { return SQLiteCode.failed }
            return real.pointee.xLock(FaultyDisk.real(file), level)
        }
        methods.pointee.xUnlock = { file, level in
            guard let file, let real = FaultyDisk.real(file).pointee.pMethods else { return SQLiteCode.failed }
            return real.pointee.xUnlock(FaultyDisk.real(file), level)
        }
        methods.pointee.xCheckReservedLock = { file, result in
            guard let file, let real = FaultyDisk.real(file).pointee.pMethods else { return SQLiteCode.failed }
            return real.pointee.xCheckReservedLock(FaultyDisk.real(file), result)
        }
        methods.pointee.xFileControl = { file, operation, argument in
            guard let file, let real = FaultyDisk.real(file).pointee.pMethods else { return SQLiteCode.failed }
            if operation == SQLITE_FCNTL_PRAGMA, FaultyDisk.leavesOut(argument) { return SQLITE_OK }
            return real.pointee.xFileControl(FaultyDisk.real(file), operation, argument)
        }
        methods.pointee.xSectorSize = { file in
            guard let file, let real = FaultyDisk.real(file).pointee.pMethods else { return Int32(FaultyDisk.sector) }
            return real.pointee.xSectorSize(FaultyDisk.real(file))
        }
        methods.pointee.xDeviceCharacteristics = { file in
            guard let file, let real = FaultyDisk.real(file).pointee.pMethods else { return 0 }
            return real.pointee.xDeviceCharacteristics(FaultyDisk.real(file))
        }
        methods.pointee.xShmMap = { file, region, size, extends, address in
            guard let living = FaultyDisk.living(file) else { return SQLiteCode.failed }
            return living.methods.xShmMap(living.file, region, size, extends, address)
        }
        methods.pointee.xShmLock = { file, offset, count, flags in
            guard let file, let real = FaultyDisk.real(file).pointee.pMethods else { return SQLiteCode.failed }
            return real.pointee.xShmLock(FaultyDisk.real(file), offset, count, flags)
        }
        methods.pointee.xShmBarrier = { file in
            guard let file, let real = FaultyDisk.real(file).pointee.pMethods else { return }
            real.pointee.xShmBarrier(FaultyDisk.real(file))
        }
        methods.pointee.xShmUnmap = { file, deletes in
            guard let file, let real = FaultyDisk.real(file).pointee.pMethods else { return SQLITE_OK }
            return real.pointee.xShmUnmap(FaultyDisk.real(file), deletes)
        }
        return methods
    }()

    /// Whether it is a PRAGMA that the mutant's program does not give; SQLite takes it for done. The argument: error, name, value
    /// (sqlite.org, `SQLITE_FCNTL_PRAGMA`).
    private static func leavesOut(_ argument: UnsafeMutableRawPointer?) -> Bool {
        guard let words = argument?.assumingMemoryBound(to: UnsafeMutablePointer<CChar>?.self), let name = words[1] else { return false }
        let value = words[2].map { String(cString: $0) }
        return switch state.withLock({ $0.mutant }) {
        case .synchronousNormal: String(cString: name) == "synchronous" && value == "FULL"
        case .logNotSyncedAtStart: String(cString: name) == "wal_checkpoint"
        default: false
        }
    }

    private static func write(_ file: File?, _ buffer: UnsafeRawPointer?, _ count: Int32, _ offset: Int64) -> Int32 {
        guard let living = living(file), let buffer else { return SQLiteCode.failed }
        var size: Int64 = 0
        guard living.methods.xFileSize(living.file, &size) == SQLITE_OK else { return SQLiteCode.writeFailed }
        let grows = offset + Int64(count) > size
        switch state.withLock({ $0.write(living.number, count: Int(count), grows: grows) }) {
        case .proceeds: return put(living, buffer, Int(count), offset, size)
        case .fails(let code, let sectors):
            for start in sectors {
                _ = put(living, buffer + start, min(sector, Int(count) - start), offset + Int64(start), size)
            }
            return code
        }
    }

    private static func put(
        _ living: (file: File, methods: sqlite3_io_methods, number: Int), _ buffer: UnsafeRawPointer, _ count: Int, _ offset: Int64,
        _ size: Int64
    ) -> Int32 {
        var size = size
        _ = living.methods.xFileSize(living.file, &size)
        let before = content(living, offset, Int64(count), size)
        let after = Array(UnsafeRawBufferPointer(start: buffer, count: count))
        let change = Change(offset: Int(offset), before: before, sizeBefore: Int(size), after: after)
        let code = living.methods.xWrite(living.file, buffer, Int32(count), offset)
        if code == SQLITE_OK { state.withLock { $0.changed(living.number, change) } }
        return code
    }

    private static func truncate(_ file: File?, _ size: Int64) -> Int32 {
        guard let living = living(file) else { return SQLiteCode.failed }
        var before: Int64 = 0
        guard living.methods.xFileSize(living.file, &before) == SQLITE_OK else { return SQLiteCode.failed }
        let change = Change(
            offset: Int(size), before: content(living, size, before - size, before), sizeBefore: Int(before), after: nil)
        let code = living.methods.xTruncate(living.file, size)
        if code == SQLITE_OK { state.withLock { $0.changed(living.number, change) } }
        return code
    }

    /// What the file has there, up to its end.
    private static func content(
        _ living: (file: File, methods: sqlite3_io_methods, number: Int), _ offset: Int64, _ count: Int64, _ size: Int64
    ) -> [UInt8] {
        let count = Int(max(0, min(count, size - offset)))
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            _ = living.methods.xRead(living.file, buffer.baseAddress, Int32(count), offset)
            filled = count
        }
    }
}
