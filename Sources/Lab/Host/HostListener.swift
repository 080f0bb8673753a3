import ISO8583
import NIOCore
import NIOPosix
import NIOSSL

/// The open port. Opening and closing never overlap; the port once chosen stays the same.
actor HostListener {
    private let group: any EventLoopGroup
    private let desk: HostDesk
    private let header: LengthHeader
    private let context: NIOSSLContext?
    private let host: String
    private var port: Int
    private var channel: (any Channel)?
    private var isStarted = false
    private var last: Task<Void, any Error>?

    init(host: String, port: Int, context: NIOSSLContext?, header: LengthHeader, desk: HostDesk, group: any EventLoopGroup) {
        self.host = host
        self.port = port
        self.context = context
        self.header = header
        self.desk = desk
        self.group = group
    }

    /// Listens, unless it does already, and says on which port.
    func start() async throws(LabError) -> Int {
        isStarted = true
        try await open()
        return port
    }

    /// Stops listening and closes all connections.
    func stop() async {
        isStarted = false
        await refuse()
    }

    /// Lets nobody in, until `admit`.
    func refuse() async {
        try? await inTurn { listener in await listener.shut() }
    }

    /// Listens again, if it was started.
    func admit() async throws(LabError) {
        if isStarted { try await open() }
    }

    private func open() async throws(LabError) {
        do {
            try await inTurn { listener in try await listener.bind() }
        } catch {
            throw LabError(.hostListen, "The host simulator cannot listen on \(host) port \(port): \(error)")
        }
    }

    private func inTurn(_ work: @escaping @Sendable (isolated HostListener) async throws -> Void) async throws {
        let previous = last
        let task = Task {
            _ = await previous?.result
            try await work(self)
        }
        last = task
        try await task.value
    }

    private func bind() async throws {
        guard channel == nil else { return }
        let (context, desk, header) = (context, desk, header)
        let bound = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 64)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) }
                    try channel.pipeline.syncOperations.addHandler(HostConnection(desk: desk, header: header))
                }
            }
            .bind(host: host, port: port).get()
        port = bound.localAddress?.port ?? port
        channel = bound
    }

    private func shut() async {
        try? await channel?.close()
        channel = nil
        await desk.closeConnections()
    }
}
